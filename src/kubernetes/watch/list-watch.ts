// Lists a collection in pages, and opens watches.

import type { IncomingMessage } from 'node:http'
import { setImmediate } from 'node:timers/promises'
import { type ApiRequest, type ApiServer, TooLong } from '../client/api-server.ts'
import { jsonLines } from '../client/json-lines.ts'
import { parseLine } from './parse-line.ts'
import { type Page, readPage, readWatchEvent, type WatchEvent } from './watch-event.ts'

/** A collection of objects to list and watch. */
export type Collection = {
  /** The name in metrics, e.g. `inferenceservices`. */
  readonly resource: string
  /** The paths of the collection in each supported version, the preferred one first. */
  readonly paths: readonly [string, ...string[]]
  /** `labelSelector` and the like. */
  readonly query: Readonly<Record<string, string>>
  /** Whether only metadata is requested. */
  readonly metadataOnly: boolean
  /** Whether it counts as absent if its permission is missing. */
  readonly optional?: boolean
}

export type ReadLimits = {
  /** Timeout of one page, and of opening a watch, in milliseconds. */
  readonly requestMs: number
  /** Longest silence of a watch, in milliseconds. */
  readonly silenceMs: number
  readonly signal: AbortSignal
}

const PAGE_SIZE = 500
/** A page of several objects is parsed without interruption. */
export const MAX_PAGE_BYTES = 2 * 1024 * 1024
/** Objects handled without a turn of the event loop in between. */
const PART = 32

/** Lists a collection in pages, and each page in parts. Requests smaller pages if objects are large. */
export async function* pagesOf(
  api: Pick<ApiServer, 'send'>,
  collection: Collection,
  path: string,
  limits: Pick<ReadLimits, 'requestMs' | 'signal'>,
  turn: () => Promise<unknown> = () => setImmediate(),
): AsyncGenerator<Page, void, void> {
  let size = PAGE_SIZE
  let next: string | undefined
  while (next !== '') {
    const query = { limit: String(size), ...(next === undefined ? {} : { continue: next }) }
    const request = requestFor(collection, path, query, 'PartialObjectMetadataList')
    const maxBytes = size > 1 ? MAX_PAGE_BYTES : undefined
    const page = await pageOf(api, { ...request, ...(maxBytes && { maxBytes }) }, limits)
    if (page === 'too long' && size === 1) throw new TooLong()
    if (page === 'too long') {
      size = Math.ceil(size / 8)
    } else {
      next = page.next
      yield* partsOf(page, turn)
    }
  }
}

async function* partsOf(page: Page, turn: () => Promise<unknown>) {
  yield { ...page, items: page.items.slice(0, PART) }
  for (let start = PART; start < page.items.length; start += PART) {
    await turn()
    yield { ...page, items: page.items.slice(start, start + PART) }
  }
}

async function pageOf(
  api: Pick<ApiServer, 'send'>,
  request: ReturnType<typeof requestFor> & Pick<ApiRequest, 'maxBytes'>,
  { requestMs, signal }: Pick<ReadLimits, 'requestMs' | 'signal'>,
): Promise<Page | 'too long'> {
  try {
    const answer = await within(requestMs, signal, (limit) =>
      api.send({ ...request, signal: limit }),
    )
    const page = readPage(answer)
    if (page === undefined) throw new Error('a list of the API server cannot be read')
    return page
  } catch (error) {
    if (error instanceof TooLong) return 'too long'
    throw error
  }
}

/** Runs a call with a timeout, aborted with `signal`. */
export async function within<T>(
  ms: number,
  signal: AbortSignal,
  call: (limit: AbortSignal) => Promise<T>,
): Promise<T> {
  const limit = new AbortController()
  const end = () => limit.abort()
  const timer = setTimeout(end, ms)
  signal.addEventListener('abort', end)
  if (signal.aborted) end()
  try {
    return await call(limit.signal)
  } finally {
    clearTimeout(timer)
    signal.removeEventListener('abort', end)
  }
}

/**
 * Opens a watch from a version. With `undefined` it streams all existing objects first, then a bookmark
 * (WatchList). Resolves once the API server starts to answer.
 */
export async function openWatch(
  api: ApiServer,
  collection: Collection,
  path: string,
  from: string | undefined,
  limits: ReadLimits,
): Promise<AsyncIterable<WatchEvent>> {
  const query = {
    watch: '1',
    allowWatchBookmarks: 'true',
    ...(from === undefined ? INITIAL_EVENTS : { resourceVersion: from }),
  }
  const request = requestFor(collection, path, query, 'PartialObjectMetadata')
  return eventsIn(await opened(api, request, limits), limits.silenceMs)
}

async function* eventsIn(stream: IncomingMessage, silenceMs: number) {
  for await (const line of jsonLines(stream, silenceMs, parseLine)) yield readWatchEvent(line)
}

const INITIAL_EVENTS = { sendInitialEvents: 'true', resourceVersionMatch: 'NotOlderThan' }

/** `signal` also ends the answer. */
async function opened(
  api: ApiServer,
  request: ReturnType<typeof requestFor>,
  { requestMs, signal }: ReadLimits,
): Promise<IncomingMessage> {
  const stream = await within(requestMs, signal, (limit) => api.open({ ...request, signal: limit }))
  const end = () => stream.destroy()
  signal.addEventListener('abort', end)
  stream.on('close', () => signal.removeEventListener('abort', end))
  if (signal.aborted) end()
  return stream
}

function requestFor(
  { query, metadataOnly }: Collection,
  path: string,
  more: Readonly<Record<string, string>>,
  metadataKind: string,
) {
  const accept = metadataOnly
    ? `application/json;as=${metadataKind};v=v1;g=meta.k8s.io`
    : 'application/json'
  return {
    method: 'GET' as const,
    path: `${path}?${new URLSearchParams({ ...query, ...more }).toString()}`,
    accept,
  }
}
