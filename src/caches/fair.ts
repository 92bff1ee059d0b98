import type { Cache, CacheBounds } from '../access/cache.ts'

type Entry<V> = {
  readonly value: V
  readonly size: number
  /** `performance.now()`. */
  readonly until: number
  readonly share: Share
}

/** What one holder has; the keys in the order in which they were used. */
type Share = { readonly holder: string; readonly keys: Set<string>; size: number }

/** A bounded cache. A value whose time is over is never returned, one that is too large never kept. */
export function createCache<V>({ entries: max, bytes: maxSize }: CacheBounds): Cache<V> {
  const entries = new Map<string, Entry<V>>()
  const shares = new Map<string, Share>()
  let size = 0
  /** Had more than its share when one was last looked for. */
  let largest: Share | undefined

  const drop = (key: string) => {
    const entry = entries.get(key)
    if (entry === undefined) return
    const { share } = entry
    entries.delete(key)
    share.keys.delete(key)
    share.size -= entry.size
    size -= entry.size
    if (share.keys.size === 0) shares.delete(share.holder)
  }
  /** Where all together have more than there is, somebody has more than his share. */
  const hasTooMuch = ({ keys, size }: Share): boolean =>
    keys.size * shares.size > max || size * shares.size > maxSize
  const shareToCut = (own: Share): Share => {
    if (hasTooMuch(own)) return own
    if (largest === undefined || !hasTooMuch(largest))
      largest = firstOf(shares.values(), hasTooMuch)
    return largest ?? own
  }
  const shareOf = (holder: string): Share => {
    const share = shares.get(holder) ?? { holder, keys: new Set<string>(), size: 0 }
    shares.set(holder, share)
    return share
  }

  return {
    get: (key) => {
      const entry = entries.get(key)
      if (entry === undefined) return undefined
      if (entry.until < performance.now()) {
        drop(key)
        return undefined
      }
      const { keys } = entry.share
      keys.delete(key)
      keys.add(key)
      return entry.value
    },
    set: (key, value, ttlMs, { size: given = 1, holder = '' } = {}) => {
      drop(key)
      const own = Math.max(1, given)
      if (ttlMs <= 0 || own > maxSize) return
      const share = shareOf(holder)
      share.keys.add(key)
      share.size += own
      size += own
      entries.set(key, { value, size: own, until: performance.now() + ttlMs, share })
      while (entries.size > max || size > maxSize) {
        const [oldest = key] = shareToCut(share).keys
        drop(oldest)
      }
    },
    delete: drop,
    size: () => entries.size,
  }
}

function firstOf<T>(values: Iterable<T>, fits: (value: T) => boolean): T | undefined {
  for (const value of values) if (fits(value)) return value
  return undefined
}
