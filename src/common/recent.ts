// The values of the keys that were used last, in two generations.

/** At most `entries` values; of values with a size at most `bytes`. */
export type RecentBounds = { readonly entries: number; readonly bytes?: number }

export type Recent<K, V> = {
  readonly get: (key: K) => V | undefined
  readonly set: (key: K, value: V, size?: number) => void
  readonly counts: () => {
    readonly entries: number
    readonly hits: number
    readonly misses: number
  }
}

type Kept<V> = { readonly value: V; readonly size: number }

/**
 * Keeps the values of recently used keys: the younger half is renewed by use, the older half is dropped whole.
 * Unlike entries of a WeakMap, which a collector has to follow one by one, its number is bounded.
 */
export function createRecent<K, V>({
  entries,
  bytes = Number.POSITIVE_INFINITY,
}: RecentBounds): Recent<K, V> {
  let young = new Map<K, Kept<V>>()
  let old = new Map<K, Kept<V>>()
  let youngBytes = 0
  /** In both generations. */
  let twice = 0
  let hits = 0
  let misses = 0

  const add = (key: K, kept: Kept<V>) => {
    const replaced = young.get(key)
    youngBytes += kept.size - (replaced?.size ?? 0)
    if (replaced === undefined && old.has(key)) twice += 1
    young.set(key, kept)
    if (young.size < entries / 2 && youngBytes <= bytes / 2) return
    old = young
    young = new Map()
    youngBytes = 0
    twice = 0
  }
  return {
    get: (key) => {
      const used = young.get(key)
      const kept = used ?? old.get(key)
      if (kept === undefined) {
        misses += 1
        return undefined
      }
      hits += 1
      if (used === undefined) add(key, kept)
      return kept.value
    },
    set: (key, value, size = 0) => {
      // Larger than a generation: it would drop everything else.
      if (size <= bytes / 2) add(key, { value, size })
    },
    counts: () => ({ entries: young.size + old.size - twice, hits, misses }),
  }
}
