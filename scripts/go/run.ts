import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { startChild } from '../child.ts'

/** `lines`: its last lines of output, or a description of how it ended. */
type Ran = { readonly ok: boolean; readonly lines: readonly string[] }

type Run = {
  readonly cwd: string
  readonly signal: AbortSignal
  readonly told?: (line: string) => void
}

const KEPT_LINES = 50

/** Waits for the program to exit; rejects only if `signal` is aborted. */
export async function run(
  command: readonly [string, ...string[]],
  { cwd, signal, told = () => {} }: Run,
): Promise<Ran> {
  signal.throwIfAborted()
  const child = startChild('it', command, { cwd, stdio: ['ignore', 'pipe', 'pipe'] })
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
