// Reads watch events and pages of lists.

import { isRecord } from '../../common/json.ts'
import type { Fields } from '../../resources/object.ts'

/** One event of a watch. */
export type WatchEvent =
  | { readonly kind: 'put'; readonly object: Listed }
  | { readonly kind: 'removed'; readonly object: Listed }
  | { readonly kind: 'bookmark'; readonly version: string; readonly initialEventsEnd: boolean }
  | { readonly kind: 'error'; readonly code: number }
  | { readonly kind: 'unknown' }

/** An object with its key and version. */
export type Listed = {
  /** `namespace/name`; `/name` for a cluster-scoped kind. */
  readonly key: string
  readonly version: string
  readonly content: Fields
}

/** One page of a list. */
export type Page = {
  readonly version: string
  /** The token for the next page; `''`: this is the last. */
  readonly next: string
  readonly items: readonly Listed[]
}

/** Reads a line of a watch. Never throws. */
export function readWatchEvent(line: unknown): WatchEvent {
  const type = isRecord(line) ? line.type : undefined
  const content = isRecord(line) && isRecord(line.object) ? line.object : undefined
  if (content === undefined) return { kind: 'unknown' }
  const object = readListed(content)
  switch (type) {
    case 'ADDED':
    case 'MODIFIED':
      return object === undefined ? { kind: 'unknown' } : { kind: 'put', object }
    case 'DELETED':
      return object === undefined ? { kind: 'unknown' } : { kind: 'removed', object }
    case 'BOOKMARK':
      return readBookmark(content)
    case 'ERROR':
      return { kind: 'error', code: typeof content.code === 'number' ? content.code : 0 }
    default:
      return { kind: 'unknown' }
  }
}

function readBookmark(content: Fields): WatchEvent {
  const metadata = isRecord(content.metadata) ? content.metadata : {}
  const annotations = isRecord(metadata.annotations) ? metadata.annotations : {}
  const version = metadata.resourceVersion
  if (typeof version !== 'string' || version === '') return { kind: 'unknown' }
  return {
    kind: 'bookmark',
    version,
    initialEventsEnd: annotations['k8s.io/initial-events-end'] === 'true',
  }
}

/** Reads a page; `undefined`: not a page, or one with an invalid item. */
export function readPage(answer: unknown): Page | undefined {
  if (!isRecord(answer) || !isRecord(answer.metadata) || !Array.isArray(answer.items)) {
    return answer !== undefined && isRecord(answer) && answer.items === null
      ? readPage({ ...answer, items: [] })
      : undefined
  }
  const { resourceVersion: version, continue: next = '' } = answer.metadata
  const items = answer.items.map((item: unknown) => (isRecord(item) ? readListed(item) : undefined))
  const read = items.filter((item) => item !== undefined)
  return typeof version === 'string' && typeof next === 'string' && read.length === items.length
    ? { version, next, items: read }
    : undefined
}

function readListed(content: Fields): Listed | undefined {
  const metadata = isRecord(content.metadata) ? content.metadata : {}
  const { namespace = '', name, resourceVersion: version } = metadata
  return typeof namespace === 'string' && typeof name === 'string' && typeof version === 'string'
    ? { key: `${namespace}/${name}`, version, content }
    : undefined
}
