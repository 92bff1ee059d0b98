// Lists and watches one collection, and recovers from errors.

import { setTimeout as delay } from 'node:timers/promises'
import { ApiError, type ApiServer } from '../client/api-server.ts'
import { Silence } from '../client/json-lines.ts'
import { hasKind } from './discovery.ts'
import { type Collection, openWatch, pagesOf, type ReadLimits } from './list-watch.ts'
import { createRetry, type RetryPeriods } from './retry.ts'
import type { VersionedStore } from './store.ts'
import type { WatchEvent } from './watch-event.ts'

export type ReflectorStore = VersionedStore & {
  /** All objects have been read, or the collection does not exist (`present` is false). */
  readonly synced: (present: boolean) => void
  /** Its permission is missing, and it is optional: there is no data, and nothing waits for it. */
  readonly withheld: (error: unknown) => void
  /** All data was confirmed: by a complete list, a change after it, or a bookmark. */
  readonly heard: () => void
  /** A watch without gaps is open. */
  readonly connected: () => void
  /** The watch has ended. */
  readonly disconnected: () => void
  /** Called for each failure before the next attempt; the error contains no received text. */
  readonly failed: (error: unknown) => void
}

/** All in milliseconds. */
export type ReflectorPeriods = RetryPeriods & {
  /** Between attempts to find a collection that does not exist. */
  readonly absent: number
  /** Longest silence of a watch: an idle one gets a bookmark every minute. */
  readonly silence: number
  /** Timeout of one page, and of opening a watch. */
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

/** Attempts for an absent kind before discovery is asked again. */
const LOOKS = 30

/** The interval between attempts to read a kind without permission, in intervals for an absent kind. */
const FORBIDDEN_LOOKS = 5

const NOT_FOUND = 404
const FORBIDDEN = 403
const GONE = 410
/** The answers to a parameter that the API server does not know or allow. */
const REFUSED: ReadonlySet<number> = new Set([400, 403, 422])

/** Feeds all objects of a collection and their changes to a store until `signal` is aborted. */
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
  /** The version to watch from; `undefined`: everything has to be read. */
  let version: string | undefined
  /** Whether objects are read by a streaming watch, otherwise by pages. */
  let streams = true
  let present = false
  /** The cluster does not have this kind, by discovery. */
  let absent = false
  /** Consecutive attempts in which no path was found. */
  let missed = 0
  let tried = 0
  /** Its permission is missing, and `withheld` was called. */
  let forbidden = false
  /** Consecutive silent watches. */
  let silences = 0

  while (!signal.aborted) {
    const begun = performance.now()
    try {
      await readAndWatch().catch(lookElsewhere)
      // Watches end after some time; an API server that ends them immediately is unhealthy.
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

  /** Only a complete list shows which objects no longer exist. */
  function complete(seen: ReadonlySet<string>, at: string | undefined) {
    follower.keepOnly(seen)
    version = at
    present = true
    absent = false
    forbidden = false
    missed = 0
    retry.succeeded()
    follower.synced(true)
  }

  /** Without a version, existing objects come first. */
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
    // A watch from a version that the API server has not reached is silent, too.
    if (status === GONE || silences > 1 || error instanceof Unreadable) version = undefined
    if (listing && streams && REFUSED.has(status)) {
      streams = false
      return
    }
    if (listing && status === FORBIDDEN && collection.optional === true && !present) {
      doWithout(error)
      return
    }
    // Before version 1.27 there is no bookmark after the existing objects.
    if (listing) streams = !(error instanceof Silence)
    if (error instanceof ApiError && error.retryAfterMs > 0) retry.ask(error.retryAfterMs)
    retry.failed(error instanceof ApiError)
    follower.failed(error)
  }

  function doWithout(error: unknown) {
    streams = true
    retry.ask(FORBIDDEN_LOOKS * periods.absent)
    // Items of an interrupted list would never expire.
    follower.keepOnly(new Set())
    if (!forbidden) follower.withheld(error)
    forbidden = true
  }

  /** Tries the next version, or concludes that the kind is absent. */
  async function lookElsewhere(error: unknown) {
    if (!(error instanceof ApiError) || error.status !== NOT_FOUND) throw error
    version = undefined
    retry.succeeded()
    tried += 1
    if (tried % collection.paths.length !== 0) return
    retry.ask(periods.absent)
    missed += 1
    // A starting API server may not know all kinds yet.
    if (present && missed === 1) return
    const doubtful = !absent || missed % LOOKS === 0
    // Unreadable objects are not deleted ones.
    if (doubtful && (await hasKind(api, collection, limits))) throw error
    present = false
    absent = true
    follower.heard()
    follower.keepOnly(new Set())
    follower.synced(false)
  }
}

/** An event was missed: everything has to be read again. */
class Unreadable extends Error {
  override readonly name = 'Unreadable'
}
