import { setTimeout as delay } from 'node:timers/promises'
import { ApiError, type ApiServer } from '../client/api-server.ts'
import { Silence } from '../client/json-lines.ts'
import { hasKind } from './discovery.ts'
import { type Collection, openWatch, pagesOf, type ReadLimits } from './list-watch.ts'
import { createRetry, type RetryPeriods } from './retry.ts'
import type { VersionedStore } from './store.ts'
import type { WatchEvent } from './watch-event.ts'

export type ReflectorStore = VersionedStore & {
  /** All that the cluster has is known, or that it has no such collection. */
  readonly synced: (present: boolean) => void
  /** All that is known was confirmed: by a whole list, a change of it, or a bookmark that says there is none. */
  readonly heard: () => void
  /** A watch is open from which nothing is missing. */
  readonly connected: () => void
  /** It has ended. */
  readonly disconnected: () => void
  /** Told of each failure before the next attempt; the error holds nothing that the API server sent. */
  readonly failed: (error: unknown) => void
}

/** All in milliseconds. */
export type ReflectorPeriods = RetryPeriods & {
  /** Between looks for a collection that the cluster does not have. */
  readonly absent: number
  /** Of a watch without any event: idle ones get a bookmark each minute. */
  readonly silence: number
  /** For one page, and for a watch to open. */
  readonly request: number
}

export const REFLECTOR_PERIODS: ReflectorPeriods = {
  firstRetry: 200,
  longestRetry: 5_000,
  longestKnock: 1_000,
  absent: 1_000,
  silence: 90_000,
  request: 30_000,
}

/** So many looks for an absent kind until it is asked again which versions of it there are. */
const LOOKS = 30

const NOT_FOUND = 404
const GONE = 410
/** What an API server says to a parameter that it does not know or may not use. */
const REFUSED: ReadonlySet<number> = new Set([400, 403, 422])

/** Feeds all objects of a collection and their changes to a follower until `signal` is aborted. */
export async function runReflector(
  api: ApiServer,
  collection: Collection,
  follower: ReflectorStore,
  signal: AbortSignal,
  own: Partial<ReflectorPeriods> = {},
): Promise<void> {
  const periods = { ...REFLECTOR_PERIODS, ...own }
  const limits: ReadLimits = { requestMs: periods.request, silenceMs: periods.silence, signal }
  const retry = createRetry(periods)
  /** From which to watch; `undefined`: all has to be read (again). */
  let version: string | undefined
  /** Whether all is read as the beginning of a watch, or else by pages. */
  let streams = true
  let present = false
  /** The cluster has said that it has no such kind. */
  let absent = false
  /** How often in a row none of its paths was found. */
  let missed = 0
  let tried = 0
  /** How often in a row nothing came. */
  let silences = 0

  while (!signal.aborted) {
    const begun = performance.now()
    try {
      await readAndWatch().catch(lookElsewhere)
      // An API server ends each watch after some time; one that ends them all at once is not well.
      if (performance.now() - begun > periods.longestRetry) retry.succeeded()
      else retry.failed(true)
    } catch (error) {
      if (!signal.aborted) recover(error)
    }
    await pause(retry.next())
  }

  async function readAndWatch() {
    if (version === undefined && !streams) await listByPages()
    await watch()
  }

  async function pause(ms: number) {
    if (ms > 0 && !signal.aborted) await delay(ms, undefined, { signal }).catch(() => {})
  }

  function path(): string {
    return collection.paths[tried % collection.paths.length] ?? collection.paths[0]
  }

  async function listByPages() {
    const seen = new Set<string>()
    let last: string | undefined
    for await (const page of pagesOf(api, collection, path(), limits)) {
      for (const item of page.items) {
        seen.add(item.key)
        follower.put(item)
      }
      last = page.version
    }
    complete(seen, last)
    follower.heard()
  }

  /** Only now is known what is there no more. */
  function complete(seen: ReadonlySet<string>, at: string | undefined) {
    follower.keepOnly(seen)
    version = at
    present = true
    absent = false
    missed = 0
    retry.succeeded()
    follower.synced(true)
  }

  /** Without a version, all that is there comes first. */
  async function watch() {
    let initial = version === undefined ? new Set<string>() : undefined
    const events = await openWatch(api, collection, path(), version, limits)
    if (initial === undefined) follower.connected()
    try {
      for await (const event of events) {
        silences = 0
        take(event)
        if (event.kind === 'put') initial?.add(event.object.key)
        if (event.kind === 'bookmark' && event.initialEventsEnd && initial !== undefined) {
          complete(initial, event.version)
          initial = undefined
          follower.connected()
        }
        if (initial === undefined) advance(event)
      }
    } finally {
      follower.disconnected()
    }
  }

  function take(event: WatchEvent) {
    if (event.kind === 'put') follower.put(event.object)
    if (event.kind === 'removed') follower.remove(event.object.key)
    if (event.kind === 'error') throw new ApiError(event.code)
    if (event.kind === 'unknown') throw new Unreadable('an event of the API server cannot be read')
  }

  function advance(event: WatchEvent) {
    if (event.kind === 'put' || event.kind === 'removed') version = event.object.version
    if (event.kind === 'bookmark') version = event.version
    retry.succeeded()
    follower.heard()
  }

  function recover(error: unknown) {
    const status = error instanceof ApiError ? error.status : 0
    const listing = version === undefined
    if (error instanceof Silence) silences += 1
    // A watch from a version that the API server does not have yet is silent, too.
    if (status === GONE || silences > 1 || error instanceof Unreadable) version = undefined
    if (listing && streams && REFUSED.has(status)) {
      streams = false
      return
    }
    // Before version 1.27 it never says that all that is there has come.
    if (listing) streams = !(error instanceof Silence)
    if (error instanceof ApiError && error.retryAfterMs > 0) retry.ask(error.retryAfterMs)
    retry.failed(error instanceof ApiError)
    follower.failed(error)
  }

  /** The cluster does not have this version of the kind, or not the kind. */
  async function lookElsewhere(error: unknown) {
    if (!(error instanceof ApiError) || error.status !== NOT_FOUND) throw error
    version = undefined
    retry.succeeded()
    tried += 1
    if (tried % collection.paths.length !== 0) return
    retry.ask(periods.absent)
    missed += 1
    // One that has just begun may not know of its kinds yet.
    if (present && missed === 1) return
    const doubtful = !absent || missed % LOOKS === 0
    // Objects that cannot be read are not gone.
    if (doubtful && (await hasKind(api, collection, limits))) throw error
    present = false
    absent = true
    follower.heard()
    follower.keepOnly(new Set())
    follower.synced(false)
  }
}

/** What came next is not known: all has to be read again. */
class Unreadable extends Error {
  override readonly name = 'Unreadable'
}
