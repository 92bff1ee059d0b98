// The worker thread that parses large documents.

import { constants, setPriority } from 'node:os'
import { parentPort } from 'node:worker_threads'
import { cut, MAX_PIECE, type Piece } from '../common/pieces.ts'
import { withoutExcess } from '../resources/policy-excess.ts'
import { type DocumentText, parseDocument } from './yaml.ts'

/** A request to the thread: parse a document, or return its next objects. */
export type ParseRequest = { readonly document: DocumentText } | 'next'

// On one core the thread would take turns with the event loop. Linux changes the priority of this thread only.
if (process.platform === 'linux') setPriority(constants.priority.PRIORITY_BELOW_NORMAL)

const port = parentPort
let pieces = cut([])

port?.on('message', (asked: ParseRequest) => {
  if (asked !== 'next') {
    const parsed = parseDocument(asked.document)
    pieces = cut('reason' in parsed ? [] : parsed.map(withoutExcess))
    if ('reason' in parsed) {
      port.postMessage({ fault: parsed })
      return
    }
  }
  port.postMessage(nextPart())
})

/** Pieces that the receiver handles without interruption. */
function nextPart() {
  const part: Piece[] = []
  for (let cost = 0; cost < MAX_PIECE; ) {
    const next = pieces.next()
    if (next.done === true) return { part, ended: true }
    part.push(next.value.piece)
    cost += next.value.cost
  }
  return { part, ended: false }
}
