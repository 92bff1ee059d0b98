import { execFile } from 'node:child_process'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { TARGETS } from '../fuzz/targets.ts'

const ROOT = path.join(import.meta.dirname, '../..')
const SECONDS = 4
const DEADLINE_MS = 120_000

type Ran = { readonly code: number; readonly said: string }

/** Runs the corpus of one target and mutated inputs in a separate process: one may hang or exhaust memory. */
const fuzz = (name: string): Promise<Ran> =>
  new Promise((resolve) => {
    const args = ['--expose-gc', '--max-old-space-size=1024', 'test/fuzz/run.ts', '--only', name]
    const options = { cwd: ROOT, timeout: DEADLINE_MS - 10_000 }
    execFile(
      process.execPath,
      [...args, '--seconds', String(SECONDS)],
      options,
      (error, stdout, stderr) =>
        resolve({ code: error === null ? 0 : 1, said: `${stdout}${stderr}` }),
    )
  })

describe('generated inputs find no fault in', () => {
  it.each(TARGETS.map(({ name }) => name))('%s', { timeout: DEADLINE_MS }, async (name) => {
    const { code, said } = await fuzz(name)
    // Includes the seed, which reproduces the run.
    process.stdout.write(said)
    expect(said).toContain(`${name} `)
    expect(said).toContain(' 0 findings')
    expect(code).toBe(0)
  })
})
