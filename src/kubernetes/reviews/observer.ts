// The type that receives counts of calls to a cluster.

/** Counts calls to a cluster, and shed ones. */
export type Observer = {
  readonly asked: (asked: Asked) => void
  /** A call was shed. */
  readonly shed: (cause: string) => void
}

type Asked = {
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
