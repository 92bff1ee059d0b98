/**
 * Values by key for a limited time, bounded in number and in all their sizes. Where there are too many, the
 * least recently used goes of a holder that has more than its share.
 */
export type Cache<V> = {
  readonly get: (key: string) => V | undefined
  readonly set: (key: string, value: V, ttlMs: number, cost?: CacheCost) => void
  readonly delete: (key: string) => void
  readonly size: () => number
}

type CacheCost = {
  /** About how many bytes it takes, where the cache is bounded by that. */
  readonly size?: number
  /** For whom it is kept, such as a namespace: no holder drives out what another has of its share. */
  readonly holder?: string
}

export type CacheBounds = { readonly entries: number; readonly bytes: number }

export type CreateCache = <V>(bounds: CacheBounds) => Cache<V>
