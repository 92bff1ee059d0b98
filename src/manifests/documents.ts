// Splits and parses files of YAML or JSON, and reuses unchanged documents.

import { createHash, hash } from 'node:crypto'
import { setImmediate } from 'node:timers/promises'
import { parseApart } from './parse-apart.ts'
import { type DocumentText, type Fault, parseDocument } from './yaml.ts'

/** The objects read from a file, by the digest of each document's text. The texts are not kept. */
export type Documents<T> = ReadonlyMap<string, readonly T[]>

export type FileReading<T> =
  | { readonly kind: 'read'; readonly documents: Documents<T>; readonly objects: readonly T[] }
  | { readonly kind: 'faulty'; readonly fault: Fault }

const SLICE_MS = 4
/** A document of at least this length, in characters, is parsed in a worker thread. */
export const LARGE = 8 * 1_024
/** Decoded or digested without interruption, in bytes or characters. */
const PART = 512 * 1_024

/**
 * Reads every object in a file of YAML or JSON with `read`, including items of lists. Of a known file, parses
 * only documents whose text has changed. `keep` returns what is kept of a reading, which does not refer to the text.
 * Yields to other work in between.
 */
export async function readDocuments<T>(
  bytes: Uint8Array,
  read: (object: unknown) => T,
  previous: Documents<T> = new Map(),
  keep: (reading: T) => T = (reading) => reading,
): Promise<FileReading<T>> {
  const text = await decode(bytes)
  if (text === undefined) return { kind: 'faulty', fault: { reason: 'it is not UTF-8' } }
  const documents = new Map<string, readonly T[]>()
  const objects: T[] = []
  let sliceEnd = performance.now() + SLICE_MS
  for (const document of splitDocuments(text)) {
    if (performance.now() > sliceEnd) {
      await setImmediate()
      sliceEnd = performance.now() + SLICE_MS
    }
    const digest = await digestOf(document)
    const known =
      documents.get(digest) ?? previous.get(digest) ?? (await readAnew(document, read, keep))
    if ('reason' in known) return { kind: 'faulty', fault: known }
    documents.set(digest, known)
    for (const reading of known) objects.push(reading)
  }
  return { kind: 'read', documents, objects }
}

async function readAnew<T>(
  document: DocumentText,
  read: (object: unknown) => T,
  keep: (reading: T) => T,
): Promise<readonly T[] | Fault> {
  if (document.text.length < LARGE) {
    const parsed = parseDocument(document)
    // A slice would keep the whole text in memory; a clone does not.
    return 'reason' in parsed ? parsed : parsed.map((object) => keep(structuredClone(read(object))))
  }
  const readings: T[] = []
  const fault = await parseApart(document, (object) => void readings.push(keep(read(object))))
  return fault ?? readings
}

/** In parts if it is large. In UTF-16 a part can end anywhere. */
async function digestOf({ text }: DocumentText): Promise<string> {
  if (text.length < LARGE) return hash('sha256', text, 'base64')
  const digest = createHash('sha256')
  for (let start = 0; start < text.length; start += PART) {
    if (start > 0) await setImmediate()
    digest.update(text.slice(start, start + PART), 'utf16le')
  }
  return digest.digest('base64')
}

/** In parts if it is large. */
async function decode(bytes: Uint8Array): Promise<string | undefined> {
  const decoder = new TextDecoder('utf-8', { fatal: true })
  const parts: string[] = []
  try {
    for (let start = 0; start < bytes.length; start += PART) {
      if (start > 0) await setImmediate()
      parts.push(decoder.decode(bytes.subarray(start, start + PART), { stream: true }))
    }
    parts.push(decoder.decode())
  } catch {
    return undefined
  }
  return parts.join('')
}

// In YAML such a line is always a separator. Written out, because `^` and `\s` of JavaScript accept line
// breaks and spaces that YAML does not.
const SEPARATOR = /(?<![^\n\r])---(?=[ \t\r\n]|$)/g
const DIRECTIVE = /(?<![^\n\r])%/

/** The documents of a text. A text with directives is not split. */
function* splitDocuments(text: string): Generator<DocumentText, void, void> {
  if (text.includes('%') && DIRECTIVE.test(text)) {
    yield { text, line: 1, column: 1 }
    return
  }
  let start = 0
  let line = 1
  for (const { index: end } of text.matchAll(SEPARATOR)) {
    const document = text.slice(start, end)
    yield { text: document, line, column: start === 0 ? 1 : SEPARATOR_COLUMN }
    line += lineBreaksIn(document)
    start = end + SEPARATOR_LENGTH
  }
  yield { text: text.slice(start), line, column: start === 0 ? 1 : SEPARATOR_COLUMN }
}

const SEPARATOR_LENGTH = 3
const SEPARATOR_COLUMN = SEPARATOR_LENGTH + 1

/** Line breaks of Unix, Windows and old Macs. */
function lineBreaksIn(text: string): number {
  let count = 0
  for (let at = text.search(/[\r\n]/); at >= 0 && at < text.length; at += 1) {
    const character = text[at]
    if (character === '\n' || (character === '\r' && text[at + 1] !== '\n')) count += 1
  }
  return count
}
