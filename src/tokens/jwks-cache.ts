// Caches the keys of one issuer, and refreshes them in the background.

import type { MaybePromise } from '../common/maybe-promise.ts'
import { type Jwks, MAX_KEYS, readJwks } from './jwks.ts'
import { createRefreshLoop, type RefreshPeriods } from './refresh-loop.ts'

/** The keys of one issuer, refreshed in the background. */
export type JwksCache = {
  /** The known keys, if they are not too old. */
  readonly current: () => Jwks | undefined
  /** Waits for a first fetch in flight; `undefined`: there are no keys, and none are expected soon. */
  readonly keys: () => MaybePromise<Jwks | undefined>
  /**
   * For a token that arrived at `since` with an unknown key: fetches again, unless that was just done.
   * `undefined`: the issuer does not answer.
   */
  readonly newerKeys: (since: number) => Promise<Jwks | undefined>
  /** Milliseconds since the keys were fetched; `undefined`: never. */
  readonly age: () => number | undefined
  readonly close: () => void
}

export type Fetching = {
  /** Rejects if the issuer does not answer with JSON in time; the error contains nothing that it sent. */
  readonly fetchKeys: (signal: AbortSignal) => Promise<unknown>
  readonly onChange?: () => void
  /** Called at the end of each fetch. Must not throw. */
  readonly onFetched?: (fetched: Fetched) => void
  readonly periods?: Partial<JwksPeriods>
}

export type Fetched = {
  readonly seconds: number
  /** The set in force from now on; `undefined`: the fetch failed. */
  readonly keys: Jwks | undefined
  /** Why it failed. */
  readonly error: unknown
}

/** All in milliseconds. */
export type JwksPeriods = RefreshPeriods & {
  /** Keys older than this are no longer trusted. */
  readonly maxAge: number
}

export const JWKS_PERIODS: JwksPeriods = {
  refresh: 10 * 60_000,
  coolDown: 10_000,
  firstRetry: 1_000,
  longestRetry: 60_000,
  maxAge: 24 * 60 * 60_000,
}

/** For keys in a file, which is cheap to read. */
export const JWKS_FILE_PERIODS: Partial<JwksPeriods> = {
  refresh: 1_000,
  coolDown: 1_000,
  longestRetry: 1_000,
}

/** Starts fetching immediately. At most one fetch is in flight. */
export function createJwksCache(fetching: Fetching): JwksCache {
  const { fetchKeys, onChange, onFetched } = fetching
  const periods = { ...JWKS_PERIODS, ...fetching.periods }
  const closing = new AbortController()
  let known: { readonly set: Jwks; readonly at: number } | undefined

  const age = () => (known === undefined ? undefined : performance.now() - known.at)
  const current = () =>
    (age() ?? Number.POSITIVE_INFINITY) <= periods.maxAge ? known?.set : undefined

  const accept = (set: Jwks): Jwks => {
    const same = known?.set.identity === set.identity ? known.set : undefined
    // An equal set stays the same object, so that results derived from it stay valid.
    known = { set: same ?? set, at: performance.now() }
    if (same === undefined) onChange?.()
    return known.set
  }

  const rounds = createRefreshLoop(attempt, periods, closing.signal)
  return {
    current,
    keys: () => {
      const set = current()
      if (set !== undefined) return set
      rounds.demand()
      return rounds.failing() ? undefined : rounds.underWay()?.then(current)
    },
    newerKeys: async (since) => {
      if (known === undefined || known.at < since) {
        rounds.demand()
        await rounds.underWay()
      }
      return rounds.failing() ? undefined : current()
    },
    age,
    close: () => closing.abort(),
  }

  async function attempt(): Promise<boolean> {
    const begun = performance.now()
    const fetched = await fetchOnce()
    const seconds = (performance.now() - begun) / 1_000
    if (!closing.signal.aborted) onFetched?.({ ...fetched, seconds })
    return fetched.keys !== undefined
  }

  async function fetchOnce(): Promise<Omit<Fetched, 'seconds'>> {
    try {
      const set = await readJwks(await fetchKeys(closing.signal))
      if (set === undefined) throw new Error(NO_KEYS)
      return { keys: accept(set), error: undefined }
    } catch (error) {
      return { keys: undefined, error }
    }
  }
}

const NO_KEYS = `the key set holds no usable key, or more than ${MAX_KEYS}`
