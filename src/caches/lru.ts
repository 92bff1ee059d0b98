import { LRUCache } from 'lru-cache'
import type { Cache, CacheBounds } from '../access/cache.ts'

/** A bounded cache. A value whose time is over is never returned, one that is too large never kept. */
export function createCache<V>({ entries: max, bytes: maxSize }: CacheBounds): Cache<V> {
  // The library takes no `undefined` and no primitive type by its typings.
  const entries = new LRUCache<string, { readonly value: V }>({ max, maxSize, perf: performance })
  return {
    get: (key) => entries.get(key)?.value,
    set: (key, value, ttlMs, size = 1) => {
      // Setting one that is too large, or over already, would leave the former.
      entries.delete(key)
      if (ttlMs > 0) entries.set(key, { value }, { ttl: ttlMs, size: Math.max(1, size) })
    },
    delete: (key) => void entries.delete(key),
    size: () => entries.size,
  }
}
