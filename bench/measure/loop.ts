import { readFile, rm } from 'node:fs/promises'
import { setTimeout as pause } from 'node:timers/promises'
import { startChild, until } from '../../scripts/child.ts'
import { LOAD_CORE, onCore } from './cores.ts'

/** A closed loop that continues on the same connections, as a proxy's live for half an hour. */
export type Loop = {
  /** Processes that belong to the load. */
  readonly pids: readonly number[]
  /** Runs for a number of seconds, and then stands still. */
  readonly forSeconds: (seconds: number) => Promise<Answered>
  readonly close: () => Promise<void>
}

export type Answered = { readonly checks: number; readonly seconds: number }

/**
 * Starts h2load, and stops it between two slices by a signal. What it has received by then is in its log, a line for
 * each answer: what is still in flight, at most one answer of each stream, counts for the next slice.
 */
export async function startLoop(command: readonly string[], log: string): Promise<Loop> {
  await rm(log, { force: true })
  const child = startChild('h2load', onCore(LOAD_CORE, command), {
    stdio: ['ignore', 'ignore', 'ignore'],
  })
  const { pid } = child
  if (pid === undefined) throw new Error(await child.ended)
  let ended: string | undefined
  void child.ended.then((how) => {
    ended = how
  })
  const signal = (name: 'SIGSTOP' | 'SIGCONT') => {
    if (ended !== undefined) throw new Error(ended)
    process.kill(pid, name)
  }
  const answered = async () => {
    if (ended !== undefined) throw new Error(ended)
    return (await lengthOf(log)) > 0 || undefined
  }
  await until('h2load has no answer', answered).catch(async (fault: unknown) => {
    await child.stop()
    throw fault
  })
  signal('SIGSTOP')
  let read = await lengthOf(log)
  return {
    pids: [pid],
    forSeconds: async (seconds) => {
      const begun = performance.now()
      signal('SIGCONT')
      await pause(seconds * 1_000)
      signal('SIGSTOP')
      const elapsed = (performance.now() - begun) / 1_000
      const text = (await readFile(log)).subarray(read)
      read += text.length
      return { checks: countAnswers(text.toString('latin1')), seconds: elapsed }
    },
    close: async () => {
      if (ended === undefined) process.kill(pid, 'SIGCONT')
      await child.stop()
      await rm(log, { force: true })
    },
  }
}

const lengthOf = async (log: string) => (await readFile(log).catch(() => Buffer.alloc(0))).length

/** Throws if a request failed in HTTP. */
export function countAnswers(log: string): number {
  const lines = log.trimEnd().split('\n')
  if (log === '') throw new Error('h2load: no answer')
  const failed = lines.filter((line) => line.split('\t')[1] !== '200')
  if (failed.length > 0) throw new Error(`h2load: ${failed.length} requests failed: ${failed[0]}`)
  return lines.length
}
