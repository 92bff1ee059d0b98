/** Values by key for a limited time, bounded in number and in all their sizes: the least recently used goes first. */
export type Cache<V> = {
  readonly get: (key: string) => V | undefined
  /** `size`: about how many bytes it takes, where the cache is bounded by that. */
  readonly set: (key: string, value: V, ttlMs: number, size?: number) => void
  readonly delete: (key: string) => void
  readonly size: () => number
}

export type CacheBounds = { readonly entries: number; readonly bytes: number }

export type CreateCache = <V>(bounds: CacheBounds) => Cache<V>
