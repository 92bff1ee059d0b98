// A table of values, indexed by several keys.

/** Values by id, found by any of their keys. Replacing a value removes all its old keys. */
export type Table<T> = {
  readonly put: (id: string, value: T) => void
  readonly remove: (id: string) => void
  readonly get: (id: string) => T | undefined
  /** In insertion order. */
  readonly find: (key: string) => readonly T[]
  readonly has: (key: string) => boolean
  readonly size: () => number
  readonly values: () => Iterable<T>
}

/**
 * Creates a table indexed by `keysOf`. A change costs time in the number of keys of its value; a look-up is
 * one map access.
 */
export function createTable<T>(keysOf: (value: T) => readonly string[]): Table<T> {
  const values = new Map<string, T>()
  const idsByKey = new Map<string, Map<string, T>>()
  const found = new Map<string, readonly T[]>()

  const remove = (id: string) => {
    const value = values.get(id)
    if (value === undefined) return
    values.delete(id)
    for (const key of keysOf(value)) {
      found.delete(key)
      const holders = idsByKey.get(key)
      holders?.delete(id)
      if (holders?.size === 0) idsByKey.delete(key)
    }
  }
  const put = (id: string, value: T) => {
    remove(id)
    values.set(id, value)
    for (const key of keysOf(value)) {
      found.delete(key)
      const holders = idsByKey.get(key)
      if (holders === undefined) idsByKey.set(key, new Map([[id, value]]))
      else holders.set(id, value)
    }
  }
  const find = (key: string): readonly T[] => {
    const known = found.get(key)
    if (known !== undefined) return known
    const holders = idsByKey.get(key)
    if (holders === undefined) return []
    const values = [...holders.values()]
    found.set(key, values)
    return values
  }
  return {
    put,
    remove,
    get: (id) => values.get(id),
    find,
    has: (key) => idsByKey.has(key),
    size: () => values.size,
    values: () => values.values(),
  }
}
