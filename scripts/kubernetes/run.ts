import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { startChild } from '../child.ts'

/** The folder of the Go module. */
export const MODULE = import.meta.dirname

/** `lines`: the last ones that it printed, or how it came to its end. */
type Ran = { readonly ok: boolean; readonly lines: readonly string[] }

const KEPT_LINES = 50

/** Runs to the end, in the folder of the Go module; rejects only when `signal` is aborted. */
export async function run(
  command: readonly [string, ...string[]],
  signal: AbortSignal,
  told: (line: string) => void = () => {},
): Promise<Ran> {
  signal.throwIfAborted()
  const child = startChild('it', command, { cwd: MODULE, stdio: ['ignore', 'pipe', 'pipe'] })
  const stop = () => void child.stop()
  signal.addEventListener('abort', stop)
  const lines: string[] = []
  const read = async (stream: Readable | null) => {
    for await (const line of stream === null ? [] : createInterface({ input: stream })) {
      told(line)
      lines.push(line)
      if (lines.length > KEPT_LINES) lines.shift()
    }
  }
  const [end] = await Promise.all([child.ended, read(child.stdout), read(child.stderr)])
  signal.removeEventListener('abort', stop)
  signal.throwIfAborted()
  return { ok: end.endsWith('exit code 0'), lines: lines.length > 0 ? lines : [end] }
}
