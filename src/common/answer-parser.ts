// Answers, within a parser thread, with the pieces of what was parsed.

import { constants, setPriority } from 'node:os'
import { parentPort } from 'node:worker_threads'
import type { ThreadAnswer } from './parser-thread.ts'
import { cut, MAX_PIECE, sendable } from './pieces.ts'

type Parse = (
  text: unknown,
) => { readonly values: readonly unknown[] } | { readonly fault: unknown }

/** Parses each text that the thread receives, and hands its values over in pieces. */
export function answerWith(parse: Parse): void {
  // On one core the thread would take turns with the event loop. Linux changes the priority of this thread only.
  if (process.platform === 'linux') setPriority(constants.priority.PRIORITY_BELOW_NORMAL)
  const port = parentPort
  let pieces = cut([])
  port?.on('message', (asked: unknown) => {
    const parsed = asked === 'next' ? undefined : parse(asked)
    if (parsed !== undefined) pieces = cut('fault' in parsed ? [] : parsed.values)
    const isFault = parsed !== undefined && 'fault' in parsed
    const answer: ThreadAnswer = isFault ? { fault: parsed.fault } : nextPart(pieces)
    port.postMessage(answer)
  })
}

/** Pieces that the receiver handles without interruption. */
function nextPart(pieces: ReturnType<typeof cut>) {
  const part: unknown[] = []
  for (let cost = 0; cost < MAX_PIECE; ) {
    const next = pieces.next()
    if (next.done === true) return { part, ended: true }
    part.push(sendable(next.value.piece))
    cost += next.value.cost
  }
  return { part, ended: false }
}
