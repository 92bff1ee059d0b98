import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, rmSync } from 'node:fs'
import path from 'node:path'
import { at, listAt, textAt } from '../../testing/json.ts'

/** Beyond it the tests hang; all files together may take longer. */
const DEADLINE_MS = 180_000
const LONGEST_MS = 1_800_000

type Outcome = {
  /** All tests ran and passed. */
  readonly passes: boolean
  /** The file and title of the first test that failed. */
  readonly failed: string | undefined
}

/** Runs files of unit tests in a tree; `bail`: until one fails, else again those that a busy machine fails. */
export async function runTests(
  root: string,
  files: readonly string[],
  bail: boolean,
): Promise<Outcome> {
  const report = path.join(root, 'mutation.json')
  rmSync(report, { force: true })
  const projects = ['unit', 'unit-isolated'].flatMap((name) => ['--project', name])
  const words = [...projects, '--reporter=json', `--outputFile=${report}`]
  const child = spawn(
    process.execPath,
    [
      'node_modules/vitest/vitest.mjs',
      'run',
      ...words,
      ...(bail ? ['--bail=1'] : ['--retry=2']),
      ...files,
    ],
    { cwd: root, stdio: 'ignore', timeout: bail ? DEADLINE_MS : LONGEST_MS, killSignal: 'SIGKILL' },
  )
  await once(child, 'exit')
  const content = contentOf(report)
  return { passes: at(content, 'success') === true, failed: failedIn(content, root) }
}

function contentOf(report: string): unknown {
  try {
    return JSON.parse(readFileSync(report, 'utf8'))
  } catch {
    return undefined
  }
}

function failedIn(content: unknown, root: string): string | undefined {
  for (const file of listAt(content, 'testResults'))
    for (const test of listAt(file, 'assertionResults'))
      if (at(test, 'status') === 'failed')
        return `${path.relative(root, textAt(file, 'name'))}: ${textAt(test, 'fullName')}`
  return undefined
}
