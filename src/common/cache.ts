// A bounded cache with TTLs and fair shares, on top of lru-cache.

import { LRUCache } from 'lru-cache'
import { firstOf } from './first-of.ts'
/**
 * Values with a TTL, bounded in number and total size. When full, it evicts the least recently used value of
 * a holder that exceeds its share.
 */
export type Cache<V> = {
  readonly get: (key: string) => V | undefined
  readonly set: (key: string, value: V, ttlMs: number, cost?: CacheCost) => void
  readonly delete: (key: string) => void
  readonly size: () => number
}

type CacheCost = {
  /** Its approximate size in bytes, if the cache bounds bytes. */
  readonly size?: number
  /** The owner, such as a namespace: no holder evicts another's values within that one's share. */
  readonly holder?: string
}

export type CacheBounds = { readonly entries: number; readonly bytes: number }

export type CreateCache = <V>(bounds: CacheBounds) => Cache<V>

type Kept<V> = { readonly value: V; readonly size: number }

/** The values of one holder. */
type Share<V> = LRUCache<string, Kept<V>>

/** For lru-cache, a value set at time 0 never expires. */
const CLOCK = { now: () => 1 + performance.now() }

/** A bounded cache. It never returns an expired value and never keeps one that is too large. */
export function createCache<V>({ entries: max, bytes: maxSize }: CacheBounds): Cache<V> {
  const shares = new Map<string, Share<V>>()
  const shareByKey = new Map<string, Share<V>>()
  let size = 0
  /** The share found to exceed its part last time. */
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
  /** If the total exceeds the limit, some holder exceeds its share. */
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
