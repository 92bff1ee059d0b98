import { type KeySet, readKeySet } from './key-set.ts'

/** The keys of one issuer, kept fresh in the background. */
export type KeyHolder = {
  /** Waits for a first fetch that is under way; `undefined`: none are known, and none will be soon. */
  readonly keys: () => KeySet | undefined | Promise<KeySet | undefined>
  /** For a token whose key is not known: fetches again, unless that was just done. */
  readonly newerKeys: () => Promise<KeySet | undefined>
  /** Milliseconds since the keys were fetched; `undefined`: never. */
  readonly age: () => number | undefined
  readonly close: () => void
}

export type Fetching = {
  /** Rejects where the issuer does not answer with JSON in time. */
  readonly fetchKeys: () => Promise<unknown>
  readonly onChange?: () => void
  /** Told of each failure; the error holds nothing that the issuer sent. */
  readonly onFailure?: (error: unknown) => void
  readonly periods?: Partial<Periods>
}

/** All in milliseconds. */
export type Periods = {
  readonly refresh: number
  /** From any attempt to the next one that an unknown key causes. */
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

/** Starts fetching at once. One fetch at a time, however many wait for it. */
export function createKeyHolder(fetching: Fetching): KeyHolder {
  const periods = { ...PERIODS, ...fetching.periods }
  let known: { readonly set: KeySet; readonly fetchedAt: number } | undefined
  let underWay: Promise<void> | undefined
  let lastAttempt = Number.NEGATIVE_INFINITY
  let failures = 0
  let timer: NodeJS.Timeout | undefined
  let closed = false

  const current = (): KeySet | undefined =>
    known !== undefined && performance.now() - known.fetchedAt <= periods.maxAge
      ? known.set
      : undefined

  const accept = (set: KeySet) => {
    const changed = known?.set.identity !== set.identity
    known = { set: changed || known === undefined ? set : known.set, fetchedAt: performance.now() }
    failures = 0
    if (changed) fetching.onChange?.()
  }

  const attempt = async () => {
    try {
      const set = readKeySet(await fetching.fetchKeys())
      if (set === undefined) throw new Error('the key set holds no usable key')
      if (!closed) accept(set)
    } catch (error) {
      failures += 1
      fetching.onFailure?.(error)
    }
  }

  const refresh = (): Promise<void> => {
    if (underWay !== undefined) return underWay
    clearTimeout(timer)
    lastAttempt = performance.now()
    underWay = attempt().finally(() => {
      underWay = undefined
      if (!closed) timer = setTimeout(refresh, nextDelay(failures, periods)).unref()
    })
    return underWay
  }

  void refresh()
  return {
    keys: () => current() ?? underWay?.then(current),
    newerKeys: async () => {
      const due = performance.now() - lastAttempt >= periods.coolDown
      if (underWay !== undefined || due) await refresh()
      return current()
    },
    age: () => (known === undefined ? undefined : performance.now() - known.fetchedAt),
    close: () => {
      closed = true
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
