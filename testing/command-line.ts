import { execFile } from 'node:child_process'
import { tmpdir } from 'node:os'
import path from 'node:path'

const ROOT = path.join(import.meta.dirname, '..')
const DEADLINE_MS = 50_000

// Starting the program takes most of the time of these tests.
const ENVIRONMENT = { NODE_COMPILE_CACHE: path.join(tmpdir(), 'kserve-authz-compile-cache') }

export type Ran = { readonly code: number; readonly stdout: string; readonly stderr: string }

/** Runs the program until it exits, in an environment without a cluster or settings. */
export const run = (...args: readonly string[]): Promise<Ran> => runWith({}, ...args)

/** The same, with these variables. */
export const runIn = (
  env: Readonly<Record<string, string>>,
  ...args: readonly string[]
): Promise<Ran> => runWith({ env }, ...args)

type Around = {
  readonly env?: Readonly<Record<string, string>>
  /** By default the repository's root. */
  readonly cwd?: string
  /** The standard input. */
  readonly input?: string
}

/** The same with further environment variables, in another folder, or with a standard input. */
export const runWith = (
  { env = {}, cwd = ROOT, input = '' }: Around,
  ...args: readonly string[]
): Promise<Ran> =>
  new Promise((resolve, reject) => {
    const options = { cwd, env: { ...ENVIRONMENT, ...env }, timeout: DEADLINE_MS }
    const main = path.join(ROOT, 'src/main.ts')
    const child = execFile(process.execPath, [main, ...args], options, (error, stdout, stderr) => {
      const code = error === null ? 0 : error.code
      if (typeof code === 'number') resolve({ code, stdout, stderr })
      else reject(error)
    })
    child.stdin?.end(input)
  })
