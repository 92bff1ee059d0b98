import { type KeySet, readKeySet } from './key-set.ts'

/** The keys of one issuer, kept fresh in the background. */
export type KeyHolder = {
  /** Those that are known now and not too old. */
  readonly current: () => KeySet | undefined
  /** Waits for a first fetch that is under way; `undefined`: none are known, and none will be soon. */
  readonly keys: () => KeySet | undefined | Promise<KeySet | undefined>
  /**
   * For a token that came at `since` and whose key is not known: fetches again, unless that was just
   * done. `undefined`: nobody can tell, the issuer does not answer.
   */
  readonly newerKeys: (since: number) => Promise<KeySet | undefined>
  /** Milliseconds since the keys were fetched; `undefined`: never. */
  readonly age: () => number | undefined
  readonly close: () => void
}

export type Fetching = {
  /** Rejects where the issuer does not answer with JSON in time; the error holds nothing that it sent. */
  readonly fetchKeys: (signal: AbortSignal) => Promise<unknown>
  readonly onChange?: () => void
  /** Told of each fetch as it ends. Must not throw. */
  readonly onFetched?: (fetched: Fetched) => void
  readonly periods?: Partial<Periods>
}

export type Fetched = {
  /** `undefined`: the keys are known. */
  readonly error: unknown
  readonly seconds: number
}

/** All in milliseconds. */
export type Periods = {
  readonly refresh: number
  /** Between two fetches that tokens cause, and from one that failed to the next that they cause. */
  readonly coolDown: number
  readonly firstRetry: number
  readonly longestRetry: number
  /** Keys that could not be renewed for so long are not trusted any more. */
  readonly maxAge: number
}

const PERIODS: Periods = {
  refresh: 10 * 60_000,
  coolDown: 10_000,
  firstRetry: 1_000,
  longestRetry: 60_000,
  maxAge: 24 * 60 * 60_000,
}

/** For keys in a file, at which a look costs next to nothing. */
export const FILE_PERIODS: Partial<Periods> = {
  refresh: 1_000,
  coolDown: 1_000,
  longestRetry: 1_000,
}

/** Starts fetching at once. One fetch at a time, however many wait for it. */
export function createKeyHolder(fetching: Fetching): KeyHolder {
  const periods = { ...PERIODS, ...fetching.periods }
  const closing = new AbortController()
  let known: { readonly set: KeySet; readonly at: number } | undefined
  let underWay: Promise<void> | undefined
  let begun = performance.now()
  let lastDemand = Number.NEGATIVE_INFINITY
  let failures = 0
  let timer: NodeJS.Timeout | undefined

  const age = () => (known === undefined ? undefined : performance.now() - known.at)
  const current = () =>
    (age() ?? Number.POSITIVE_INFINITY) <= periods.maxAge ? known?.set : undefined

  const accept = (set: KeySet) => {
    const changed = known?.set.identity !== set.identity
    // The same set stays the same object: what was derived from it holds on.
    known = { set: changed || known === undefined ? set : known.set, at: performance.now() }
    if (changed) fetching.onChange?.()
  }

  const attempt = async () => {
    let failure: unknown
    try {
      const set = readKeySet(await fetching.fetchKeys(closing.signal))
      if (set === undefined) throw new Error('the key set holds no usable key')
      accept(set)
      failures = 0
    } catch (error) {
      failures += 1
      failure = error
    }
    if (closing.signal.aborted) return
    fetching.onFetched?.({ error: failure, seconds: (performance.now() - begun) / 1_000 })
  }

  const refresh = (): Promise<void> => {
    if (underWay !== undefined || closing.signal.aborted) return underWay ?? Promise.resolve()
    clearTimeout(timer)
    begun = performance.now()
    underWay = attempt().finally(() => {
      underWay = undefined
      if (closing.signal.aborted) return
      timer = setTimeout(refresh, nextDelay(failures, periods)).unref()
    })
    return underWay
  }

  /** Fetches because a token needs it: never twice in a cool-down, whether that succeeds or not. */
  const demand = () => {
    const last = failures > 0 ? Math.max(begun, lastDemand) : lastDemand
    if (underWay !== undefined || performance.now() - last < periods.coolDown) return
    lastDemand = performance.now()
    void refresh()
  }

  void refresh()
  return {
    current,
    keys: () => {
      const set = current()
      if (set !== undefined) return set
      demand()
      return failures === 0 ? underWay?.then(current) : undefined
    },
    newerKeys: async (since) => {
      if (known === undefined || known.at < since) {
        demand()
        await underWay
      }
      return failures === 0 ? current() : undefined
    },
    age,
    close: () => {
      closing.abort()
      clearTimeout(timer)
    },
  }
}

/** Between half and the whole of the delay, so that replicas do not ask together. */
function nextDelay(failures: number, { refresh, firstRetry, longestRetry }: Periods): number {
  const delay =
    failures === 0 ? refresh : Math.min(longestRetry, firstRetry * 2 ** Math.min(failures - 1, 20))
  return delay * (0.5 + Math.random() / 2)
}
