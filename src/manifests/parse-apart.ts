// Parses large documents in a worker thread.

import { once } from 'node:events'
import { setImmediate } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import { createJoin } from '../common/pieces.ts'
import { valueAt } from '../resources/object.ts'
import type { DocumentText, Fault } from './yaml.ts'
import type { ParseRequest } from './yaml-worker.ts'

/** Heap limit of the thread, in MiB: a file has at most 8 MiB. */
export const MAX_HEAP_MIB = 1_024

/** Settles when the previous document is parsed. */
let last: Promise<unknown> = Promise.resolve()
let waiting = 0
let thread: Worker | undefined
let resting: NodeJS.Timeout | undefined

/** Milliseconds for which the thread stays without a document. To start and to end one stops the event loop for milliseconds. */
export const THREAD_IDLE_MS = 30_000

/**
 * Parses a large document in a worker thread, one document at a time. `take` receives its objects one after
 * the other. They arrive in pieces, with turns for other work in between.
 */
export function parseApart(
  document: DocumentText,
  take: (object: unknown) => void,
): Promise<Fault | undefined> {
  waiting += 1
  clearTimeout(resting)
  const parsed = last.then(() => parseNow(document, take))
  last = parsed.finally(() => {
    waiting -= 1
    if (waiting === 0) rest()
  })
  return parsed
}

async function parseNow(
  document: DocumentText,
  take: (object: unknown) => void,
): Promise<Fault | undefined> {
  const { line, column } = document
  const join = createJoin(take)
  try {
    for (let asked: ParseRequest = { document }; ; asked = 'next') {
      const answer = await ask(asked)
      const reason = valueAt(answer, 'fault', 'reason')
      if (typeof reason === 'string') return faultIn(valueAt(answer, 'fault'), reason)
      const part = valueAt(answer, 'part')
      for (const piece of Array.isArray(part) ? part : []) join(piece)
      if (valueAt(answer, 'ended') === true) return undefined
      await setImmediate()
    }
  } catch {
    end()
    return { reason: 'it cannot be parsed', line, column }
  }
}

async function ask(asked: ParseRequest): Promise<unknown> {
  thread ??= new Worker(new URL('./yaml-worker.ts', import.meta.url), {
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

function faultIn(fault: unknown, reason: string): Fault {
  const [line, column] = [valueAt(fault, 'line'), valueAt(fault, 'column')]
  return typeof line === 'number' && typeof column === 'number'
    ? { reason, line, column }
    : { reason }
}
