import { MAX_HEAP_MIB, THREAD_IDLE_MS } from '../../src/common/parser-thread.ts'
import { MAX_PIECE } from '../../src/common/pieces.ts'
import { LARGE } from '../../src/manifests/documents.ts'
import { FOLDER_LIMITS, MAX_REST_MS } from '../../src/manifests/folder.ts'
import { MAX_SCANS } from '../../src/manifests/scan.ts'
import { type Bounds, bytes, count, MIB, seconds } from './texts.ts'

export const FOLDER: Bounds = {
  'length of a file': bytes(FOLDER_LIMITS.maxBytes),
  files: count(FOLDER_LIMITS.maxFiles),
  'nesting depth of folders': count(FOLDER_LIMITS.maxDepth),
  'document that is parsed on the main thread': bytes(LARGE),
  'part of a document that this thread hands over at once': `${count(MAX_PIECE)} fields, elements or 128 characters of text`,
  'heap of that thread': bytes(MAX_HEAP_MIB * MIB),
  'time for which that thread stays without a document': seconds(THREAD_IDLE_MS),
  'time between two scans of the folder': seconds(FOLDER_LIMITS.intervalMs),
  'longest time between two scans': seconds(MAX_REST_MS),
  'time for a file to settle': seconds(FOLDER_LIMITS.settleMs),
  'time for a file that keeps changing': seconds(FOLDER_LIMITS.patienceMs),
  'scans in a row while folders change': count(MAX_SCANS),
}
