import { setTimeout as delay } from 'node:timers/promises'
import { ApiError, type ApiServer } from './api-server.ts'
import { type Collection, openWatch, pagesOf, type ReadLimits } from './collection.ts'
import type { Listed, WatchEvent } from './watch-event.ts'

export type Follower = {
  /** Of an object that is new or has changed. */
  readonly put: (object: Listed) => void
  readonly remove: (key: string) => void
  /** All that the cluster has is known, or that it has no such collection. */
  readonly synced: (present: boolean) => void
  /** The watch is open (again). */
  readonly connected: () => void
  /** Told of each failure before the next attempt; the error holds nothing that the API server sent. */
  readonly failed: (error: unknown) => void
}

/** All in milliseconds. */
export type FollowPeriods = {
  readonly firstRetry: number
  readonly longestRetry: number
  /** Between looks for a collection that the cluster does not have. */
  readonly absent: number
  /** Of a watch without any event: idle ones get a bookmark each minute. */
  readonly silence: number
  /** For one page, and for a watch to open. */
  readonly request: number
}

const PERIODS: FollowPeriods = {
  firstRetry: 200,
  longestRetry: 30_000,
  absent: 1_000,
  silence: 90_000,
  request: 30_000,
}

const GONE = 410
const NOT_FOUND = 404
/** What an API server says to a parameter that it does not know or may not use. */
const REFUSED = [400, 403, 422]

/** Feeds all objects of a collection and their changes to a follower until `signal` is aborted. */
export async function follow(
  api: ApiServer,
  collection: Collection,
  follower: Follower,
  signal: AbortSignal,
  own: Partial<FollowPeriods> = {},
): Promise<void> {
  const periods = { ...PERIODS, ...own }
  const limits: ReadLimits = { requestMs: periods.request, silenceMs: periods.silence, signal }
  const known = createKnown(follower)
  let version: string | undefined
  let streams = true
  let tried = 0
  let failures = 0
  /** Milliseconds that the API server asked to wait. */
  let asked = 0

  while (!signal.aborted) {
    const begun = performance.now()
    try {
      if (version === undefined && !streams) await listByPages()
      await watch()
      // An API server ends each watch after some time; one that ends them all at once is not well.
      failures = performance.now() - begun > periods.longestRetry ? 0 : failures + 1
    } catch (error) {
      if (!signal.aborted) recover(error)
    }
    if (!signal.aborted) await pause()
  }

  function path(): string {
    return collection.paths[tried % collection.paths.length] ?? collection.paths[0]
  }

  async function listByPages() {
    const seen = new Set<string>()
    for await (const page of pagesOf(api, collection, path(), limits)) {
      for (const item of page.items) {
        seen.add(item.key)
        known.put(item)
      }
      version = page.version
    }
    known.keepOnly(seen)
    follower.synced(true)
  }

  /** Without a version, all that is there comes first. */
  async function watch() {
    const initial = version === undefined ? new Set<string>() : undefined
    let listing = initial !== undefined
    const events = await openWatch(api, collection, path(), version, limits)
    follower.connected()
    for await (const event of events) {
      if (listing && event.kind === 'put') initial?.add(event.object.key)
      const at = take(event)
      if (listing && event.kind === 'bookmark' && event.initialEventsEnd) {
        listing = false
        known.keepOnly(initial ?? new Set())
        follower.synced(true)
      }
      if (!listing) {
        version = at
        failures = 0
      }
    }
  }

  /** The version that the event stands for. */
  function take(event: WatchEvent): string {
    switch (event.kind) {
      case 'put':
        known.put(event.object)
        return event.object.version
      case 'removed':
        known.remove(event.object.key)
        return event.object.version
      case 'bookmark':
        return event.version
      case 'error':
        throw new ApiError(event.code)
      case 'unknown':
        version = undefined
        throw new Error('an event of the API server cannot be read')
    }
  }

  function recover(error: unknown) {
    const status = error instanceof ApiError ? error.status : 0
    failures += 1
    if (status === GONE) version = undefined
    if (status === NOT_FOUND) return lookElsewhere()
    if (streams && version === undefined && REFUSED.includes(status)) {
      streams = false
      failures = 0
      return
    }
    asked = error instanceof ApiError ? error.retryAfterMs : 0
    follower.failed(error)
  }

  function lookElsewhere() {
    version = undefined
    failures = 0
    tried += 1
    if (tried % collection.paths.length !== 0) return
    known.keepOnly(new Set())
    follower.synced(false)
    asked = periods.absent
  }

  async function pause() {
    const ms = Math.max(asked, failures === 0 ? 0 : backOff(failures, periods))
    asked = 0
    await delay(ms, undefined, { signal }).catch(() => {})
  }
}

/** What a follower holds, so that it can be told of what is there no more. */
function createKnown(follower: Follower) {
  const keys = new Set<string>()
  const remove = (key: string) => {
    keys.delete(key)
    follower.remove(key)
  }
  return {
    remove,
    /** An object that cannot be put is removed: what it was before must not outlive it. */
    put: (object: Listed) => {
      keys.add(object.key)
      try {
        follower.put(object)
      } catch (error) {
        follower.failed(error)
        remove(object.key)
      }
    },
    keepOnly: (seen: ReadonlySet<string>) => {
      for (const key of [...keys]) if (!seen.has(key)) remove(key)
    },
  }
}

/** Between half and the whole of the delay, so that replicas do not ask together. */
const backOff = (failures: number, { firstRetry, longestRetry }: FollowPeriods): number =>
  Math.min(longestRetry, firstRetry * 2 ** Math.min(failures - 1, 20)) * (0.5 + Math.random() / 2)
