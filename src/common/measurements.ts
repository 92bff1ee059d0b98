// The types of measurements of other programs and caches.

/** One request to another program, and its result. */
export type DependencyCall = {
  readonly dependency: string
  readonly result: 'success' | 'error' | 'timeout'
  readonly seconds: number
}

/** The size of a cache, and its hits and misses. */
export type CacheCounts = {
  readonly cache: string
  readonly entries: number
  readonly hits: number
  readonly misses: number
}
