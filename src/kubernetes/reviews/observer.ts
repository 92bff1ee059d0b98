/** Counts what is asked of a cluster, and what is not. */
export type Observer = {
  readonly asked: (asked: Asked) => void
  /** Something was not asked because it would have been too much. */
  readonly shed: (cause: string) => void
}

type Asked = {
  readonly dependency: string
  readonly result: 'success' | 'error' | 'timeout'
  readonly seconds: number
}

/** What a cache holds, and how often it held what was looked for. */
export type CacheCounts = {
  readonly cache: string
  readonly entries: number
  readonly hits: number
  readonly misses: number
}
