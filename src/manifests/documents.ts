import { hash } from 'node:crypto'
import { setImmediate } from 'node:timers/promises'
import { CORE_SCHEMA, loadAll, mergeTag, YAMLException } from 'js-yaml'
import { isFields, textAt, valueAt } from '../resources/object.ts'

/** Why a file does not parse. Never quotes the file: it may hold keys. */
export type Fault = {
  readonly reason: string
  /** From 1, as is `column`; `undefined` where the whole file is at fault. */
  readonly line?: number
  readonly column?: number
}

/** What was read of a file, by the digest of each document's text: the texts are not kept. */
export type Documents<T> = ReadonlyMap<string, readonly T[]>

export type FileReading<T> =
  | { readonly kind: 'read'; readonly documents: Documents<T>; readonly objects: readonly T[] }
  | { readonly kind: 'faulty'; readonly fault: Fault }

type DocumentText = { readonly text: string; readonly line: number; readonly column: number }

const SLICE_MS = 8

/**
 * Reads every object in a file of YAML or JSON through `read`; lists of objects are their items. Of a
 * file read before, only documents whose text changed are parsed. Yields to other work in between.
 */
export async function readDocuments<T>(
  bytes: Uint8Array,
  read: (object: unknown) => T,
  previous: Documents<T> = new Map(),
): Promise<FileReading<T>> {
  const text = decode(bytes)
  if (text === undefined) return { kind: 'faulty', fault: { reason: 'it is not UTF-8' } }
  const documents = new Map<string, readonly T[]>()
  const objects: T[] = []
  let sliceEnd = performance.now() + SLICE_MS
  for (const document of splitDocuments(text)) {
    if (performance.now() > sliceEnd) {
      await setImmediate()
      sliceEnd = performance.now() + SLICE_MS
    }
    const digest = hash('sha256', document.text, 'base64')
    const known = documents.get(digest) ?? previous.get(digest) ?? parse(document)
    if ('reason' in known) return { kind: 'faulty', fault: known }
    // A clone shares no memory with the text, of which otherwise every slice would keep the whole.
    const readings = isUnread(known)
      ? known.unread.map((object) => structuredClone(read(object)))
      : known
    documents.set(digest, readings)
    for (const reading of readings) objects.push(reading)
  }
  return { kind: 'read', documents, objects }
}

type Unread = { readonly unread: readonly unknown[] }

const isUnread = (known: object): known is Unread => 'unread' in known

function decode(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    return undefined
  }
}

// YAML has no other place for such a line. Written out, since JavaScript's `^` and `\s` know line
// breaks and spaces that YAML does not.
const SEPARATOR = /(?<![^\n\r])---(?=[ \t\r\n]|$)/g
const LINE_BREAK = /\r\n|\r|\n/g
const DIRECTIVE = /(?<![^\n\r])%/

/** The documents of a text, with the position at which each begins. One with directives stays whole. */
function splitDocuments(text: string): readonly DocumentText[] {
  if (DIRECTIVE.test(text)) return [{ text, line: 1, column: 1 }]
  const documents: DocumentText[] = []
  let start = 0
  let line = 1
  for (const end of [...Array.from(text.matchAll(SEPARATOR), ({ index }) => index), text.length]) {
    const document = text.slice(start, end)
    documents.push({ text: document, line, column: start === 0 ? 1 : SEPARATOR_COLUMN })
    line += document.match(LINE_BREAK)?.length ?? 0
    start = end + SEPARATOR_LENGTH
  }
  return documents
}

const SEPARATOR_LENGTH = 3
const SEPARATOR_COLUMN = SEPARATOR_LENGTH + 1

const SCHEMA = CORE_SCHEMA.withTags(mergeTag)

function parse({ text, line, column }: DocumentText): Unread | Fault {
  try {
    return { unread: loadAll(text, { schema: SCHEMA, maxAliases: 0 }).flatMap(objectsIn) }
  } catch (error) {
    if (!(error instanceof YAMLException)) return { reason: 'it cannot be parsed', line, column }
    const { reason, mark } = error
    if (mark === undefined) return { reason: unquoted(reason), line, column }
    const offset = mark.line === 0 ? column : 1
    return { reason: unquoted(reason), line: line + mark.line, column: offset + mark.column }
  }
}

/** Names of tags, anchors and handles come from the text. */
const unquoted = (reason: string) => (/^(?:[^"<:]|:(?! ))*/.exec(reason)?.[0] ?? '').trim()

/** The items of a List, of any kind that ends so; they may leave out what the list says. */
function objectsIn(document: unknown): readonly unknown[] {
  if (document === null || document === undefined) return []
  const kind = textAt(document, 'kind')
  const items = valueAt(document, 'items')
  if (!kind?.endsWith(LIST) || !Array.isArray(items)) return [document]
  if (kind === LIST) return items.flatMap(objectsIn)
  const inherited = {
    kind: kind.slice(0, -LIST.length),
    apiVersion: textAt(document, 'apiVersion'),
  }
  return items.flatMap((item) => objectsIn(isFields(item) ? { ...inherited, ...item } : item))
}

const LIST = 'List'
