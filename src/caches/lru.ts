import { LRUCache } from 'lru-cache'
import type { Cache } from '../access/cache.ts'

/** A cache of at most `max` values. One whose time is over is never returned. */
export function createCache<V>(max: number): Cache<V> {
  // The library takes no `undefined` and no primitive type by its typings.
  const entries = new LRUCache<string, { readonly value: V }>({ max, perf: performance })
  return {
    get: (key) => entries.get(key)?.value,
    set: (key, value, ttlMs) => {
      if (ttlMs > 0) entries.set(key, { value }, { ttl: ttlMs })
    },
    delete: (key) => void entries.delete(key),
    clear: () => entries.clear(),
    size: () => entries.size,
  }
}
