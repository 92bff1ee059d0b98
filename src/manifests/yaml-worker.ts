// The worker thread that parses large documents.

import { constants, setPriority } from 'node:os'
import { parentPort } from 'node:worker_threads'
import { type DocumentText, parseDocument } from './yaml.ts'

/** A request to the thread: parse a document, or return its next objects. */
export type ParseRequest = { readonly document: DocumentText } | 'next'

/** Objects per message: the receiver handles them without interruption. */
const PART = 32

// On one core the thread would take turns with the event loop. Linux changes the priority of this thread only.
if (process.platform === 'linux') setPriority(constants.priority.PRIORITY_BELOW_NORMAL)

const port = parentPort
let objects: readonly unknown[] = []

port?.on('message', (asked: ParseRequest) => {
  if (asked !== 'next') {
    const parsed = parseDocument(asked.document)
    if ('reason' in parsed) {
      objects = []
      port.postMessage({ fault: parsed })
      return
    }
    objects = parsed
  }
  const part = objects.slice(0, PART)
  objects = objects.slice(PART)
  port.postMessage({ part, ended: objects.length === 0 })
})
