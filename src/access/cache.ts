/** Values by key for a limited time, bounded in number: the least recently used goes first. */
export type Cache<V> = {
  readonly get: (key: string) => V | undefined
  readonly set: (key: string, value: V, ttlMs: number) => void
  readonly delete: (key: string) => void
  readonly clear: () => void
  readonly size: () => number
}

export type CreateCache = <V>(max: number) => Cache<V>
