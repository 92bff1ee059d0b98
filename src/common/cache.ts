import { LRUCache } from 'lru-cache'
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

type Kept<V> = { readonly value: V; readonly size: number }

/** What one holder has. */
type Share<V> = LRUCache<string, Kept<V>>

/** To the library a value that was set at 0 has no end. */
const CLOCK = { now: () => 1 + performance.now() }

/** A bounded cache. A value whose time is over is never returned, one that is too large never kept. */
export function createCache<V>({ entries: max, bytes: maxSize }: CacheBounds): Cache<V> {
  const shares = new Map<string, Share<V>>()
  const shareByKey = new Map<string, Share<V>>()
  let size = 0
  /** Had more than its share when one was last looked for. */
  let largest: Share<V> | undefined

  const createShare = (holder: string): Share<V> => {
    const share: Share<V> = new LRUCache<string, Kept<V>>({
      maxSize,
      sizeCalculation: (kept) => kept.size,
      perf: CLOCK,
      ttlResolution: 0,
      disposeAfter: (kept, key) => {
        shareByKey.delete(key)
        size -= kept.size
        if (share.size === 0) shares.delete(holder)
      },
    })
    shares.set(holder, share)
    return share
  }
  /** Where all together have more than there is, somebody has more than his share. */
  const hasTooMuch = (share: Share<V>): boolean =>
    share.size * shares.size > max || share.calculatedSize * shares.size > maxSize
  const shareToCut = (own: Share<V>): Share<V> => {
    if (hasTooMuch(own)) return own
    if (largest === undefined || !hasTooMuch(largest))
      largest = firstOf(shares.values(), hasTooMuch)
    return largest ?? own
  }
  const drop = (key: string) => void shareByKey.get(key)?.delete(key)

  return {
    get: (key) => shareByKey.get(key)?.get(key)?.value,
    set: (key, value, ttl, { size: given = 1, holder = '' } = {}) => {
      const own = Math.max(1, given)
      const share = shares.get(holder)
      if (share === undefined || shareByKey.get(key) !== share) drop(key)
      if (ttl <= 0 || own > maxSize) return drop(key)
      const home = share ?? createShare(holder)
      home.set(key, { value, size: own }, { ttl })
      shareByKey.set(key, home)
      size += own
      while (shareByKey.size > max || size > maxSize) shareToCut(home).pop()
    },
    delete: drop,
    size: () => shareByKey.size,
  }
}

function firstOf<T>(values: Iterable<T>, fits: (value: T) => boolean): T | undefined {
  for (const value of values) if (fits(value)) return value
  return undefined
}
