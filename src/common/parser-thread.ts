// Keeps a worker thread that parses one large text at a time.

import { once } from 'node:events'
import { setImmediate } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import { isRecord } from './json.ts'
import { createJoin } from './pieces.ts'

/** Heap limit of the thread, in MiB: a file has at most 8 MiB, and an event of a watch 16 MiB. */
export const MAX_HEAP_MIB = 1_024

/** Milliseconds for which the thread stays without a text. To start and to end one stops the event loop for milliseconds. */
export const THREAD_IDLE_MS = 30_000

/** `fault` is what the thread said; `ended`: it ended without an answer. */
export type Parsed = 'whole' | 'ended' | { readonly fault: unknown }

/** What the thread answers to a text, and then to 'next'. */
export type ThreadAnswer =
  | { readonly fault: unknown }
  | { readonly part: readonly unknown[]; readonly ended: boolean }

/**
 * Parses texts in a thread that runs `script`, one text at a time. `take` receives its values one after the other. They
 * arrive in pieces, with turns for other work in between. Never rejects.
 */
export function createParserThread(script: URL) {
  /** Settles when the previous text is parsed. */
  let last: Promise<unknown> = Promise.resolve()
  let waiting = 0
  let thread: Worker | undefined
  let resting: NodeJS.Timeout | undefined

  async function parseNow(text: unknown, take: (value: unknown) => void): Promise<Parsed> {
    const join = createJoin(take)
    try {
      for (let asked: unknown = text; ; asked = 'next') {
        const answer = await ask(asked)
        if (!isRecord(answer)) throw new Error('the thread has ended')
        if (answer.fault !== undefined) return { fault: answer.fault }
        for (const piece of Array.isArray(answer.part) ? answer.part : []) join(piece)
        if (answer.ended === true) return 'whole'
        await setImmediate()
      }
    } catch {
      end()
      return 'ended'
    }
  }

  async function ask(asked: unknown): Promise<unknown> {
    thread ??= new Worker(script, {
      execArgv: [],
      env: {},
      resourceLimits: { maxOldGenerationSizeMb: MAX_HEAP_MIB },
    })
    const over = new AbortController()
    // Both reject on `error`, such as an exceeded heap limit.
    const answered = once(thread, 'message', { signal: over.signal })
    const exited = once(thread, 'exit', { signal: over.signal })
    thread.ref()
    thread.postMessage(asked)
    try {
      const [answer]: readonly unknown[] = await Promise.race([answered, exited])
      return answer
    } finally {
      over.abort()
      for (const each of [answered, exited]) each.catch(() => {})
    }
  }

  /** The thread does not keep the process. */
  function rest() {
    thread?.unref()
    resting = setTimeout(end, THREAD_IDLE_MS).unref()
  }

  function end() {
    void thread?.terminate()
    thread = undefined
  }

  return (text: unknown, take: (value: unknown) => void): Promise<Parsed> => {
    waiting += 1
    clearTimeout(resting)
    const parsed = last.then(() => parseNow(text, take))
    last = parsed.finally(() => {
      waiting -= 1
      if (waiting === 0) rest()
    })
    return parsed
  }
}
