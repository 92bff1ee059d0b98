import type { IncomingMessage } from 'node:http'
import type { ApiServer } from './api-server.ts'
import { jsonLines } from './json-lines.ts'
import { type Page, readPage, readWatchEvent, type WatchEvent } from './watch-event.ts'

/** A collection of objects that is listed, and then watched. */
export type Collection = {
  /** As in metrics, e.g. `inferenceservices`. */
  readonly resource: string
  /** Of the collection in each version that will do, the best first; a cluster may have none of them. */
  readonly paths: readonly [string, ...string[]]
  /** `labelSelector` and the like. */
  readonly query: Readonly<Record<string, string>>
  /** Whether only the metadata are asked for. */
  readonly metadataOnly: boolean
}

export type ReadLimits = {
  /** For one page, and for a watch to open, in milliseconds. */
  readonly requestMs: number
  /** Of a watch without any event, in milliseconds. */
  readonly silenceMs: number
  readonly signal: AbortSignal
}

const PAGE_SIZE = 500

/** The pages of a list, one after the other. */
export async function* pagesOf(
  api: ApiServer,
  collection: Collection,
  path: string,
  { requestMs, signal }: ReadLimits,
): AsyncGenerator<Page, void, void> {
  let next = ''
  do {
    const query = { limit: String(PAGE_SIZE), ...(next === '' ? {} : { continue: next }) }
    const answer = await api.send({
      ...requestFor(collection, path, query, 'PartialObjectMetadataList'),
      signal: AbortSignal.any([signal, AbortSignal.timeout(requestMs)]),
    })
    const page = readPage(answer)
    if (page === undefined) throw new Error('a list of the API server cannot be read')
    yield page
    next = page.next
  } while (next !== '')
}

/**
 * Opens a watch from a version on; with `undefined` all objects that are there come first, then a bookmark
 * that says so. Resolves once the API server has begun to answer.
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
  for await (const line of jsonLines(stream, silenceMs)) yield readWatchEvent(line)
}

const INITIAL_EVENTS = { sendInitialEvents: 'true', resourceVersionMatch: 'NotOlderThan' }

async function opened(
  api: ApiServer,
  request: ReturnType<typeof requestFor>,
  { requestMs, signal }: ReadLimits,
): Promise<IncomingMessage> {
  const late = new AbortController()
  const timer = setTimeout(() => late.abort(), requestMs)
  try {
    return await api.open({ ...request, signal: AbortSignal.any([signal, late.signal]) })
  } finally {
    clearTimeout(timer)
  }
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
    path: `${path}?${new URLSearchParams({ ...query, ...more })}`,
    accept,
  }
}
