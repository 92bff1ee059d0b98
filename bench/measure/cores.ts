import { spawn, spawnSync } from 'node:child_process'
import { text } from 'node:stream/consumers'

/** Servers and load never share a core. */
export const SERVER_CORE = 0
export const LOAD_CORE = 1

const pin = (core: number): readonly [string, ...string[]] => ['taskset', '-c', String(core)]

/** A command line that runs another one on one core only. */
export const onCore = (
  core: number,
  command: readonly string[],
): readonly [string, ...string[]] => [...pin(core), ...command]

/** This process must not disturb the servers. */
export function stayOffServerCore(): void {
  spawnSync('taskset', ['-acp', String(LOAD_CORE), String(process.pid)])
}

/** Longer than any of them needs: a command that hangs must not block the others. */
const LIMIT_MS = 120_000

/** Runs a command on a core until it exits, and resolves to its output. */
export async function outputOf(core: number, command: readonly string[]): Promise<string> {
  const [program, ...args] = onCore(core, command)
  const child = spawn(program, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: LIMIT_MS,
    killSignal: 'SIGKILL',
  })
  const ended = new Promise<number | string>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code, signal) => resolve(code ?? signal ?? 'nothing'))
  })
  const [code, stdout, stderr] = await Promise.all([ended, text(child.stdout), text(child.stderr)])
  if (code !== 0) throw new Error(`${command.join(' ')} ended with ${code}: ${stderr.trim()}`)
  return stdout
}
