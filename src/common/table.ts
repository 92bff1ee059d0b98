// A table of values, indexed by several keys.

/** Values by id, found by any of their keys. Replacing a value removes all its old keys. */
export type Table<T> = {
  readonly put: (id: string, value: T) => void
  readonly remove: (id: string) => void
  readonly get: (id: string) => T | undefined
  /** In insertion order. The list is the same object until a value is added or removed. */
  readonly find: (key: string) => readonly T[]
  /** As `find`, without a list that is kept. */
  readonly findOnce: (key: string) => readonly T[]
  readonly has: (key: string) => boolean
  readonly size: () => number
  readonly values: () => Iterable<T>
}

/** Most keys have one value: a map or a list for each would be most of the memory of a large table. */
type Held<T> = One<T> | Map<string, T>
type One<T> = { readonly id: string; readonly value: T; list: readonly [T] | undefined }

/**
 * Creates a table indexed by `keysOf`. A change costs time in the number of keys of its value; a look-up is
 * one map access.
 */
export function createTable<T>(keysOf: (value: T) => readonly string[]): Table<T> {
  const values = new Map<string, T>()
  const index = new Map<string, Held<T>>()
  /** The lists of keys with several values, until a value is added or removed. */
  const found = new Map<string, readonly T[]>()

  const remove = (id: string) => {
    const value = values.get(id)
    if (value === undefined) return
    values.delete(id)
    for (const key of keysOf(value)) {
      const held = index.get(key)
      if (!(held instanceof Map)) {
        if (held?.id === id) index.delete(key)
        continue
      }
      found.delete(key)
      held.delete(id)
      if (held.size === 0) index.delete(key)
    }
  }
  const put = (id: string, value: T) => {
    remove(id)
    values.set(id, value)
    for (const key of keysOf(value)) {
      const held = index.get(key)
      if (held === undefined) index.set(key, { id, value, list: undefined })
      else if (held instanceof Map) {
        found.delete(key)
        held.set(id, value)
      } else if (held.id !== id) {
        index.set(
          key,
          new Map([
            [held.id, held.value],
            [id, value],
          ]),
        )
      }
    }
  }
  const find = (key: string): readonly T[] => {
    const held = index.get(key)
    if (held === undefined) return []
    if (!(held instanceof Map)) {
      held.list ??= [held.value]
      return held.list
    }
    const known = found.get(key)
    if (known !== undefined) return known
    const list = [...held.values()]
    found.set(key, list)
    return list
  }
  const findOnce = (key: string) => {
    const held = index.get(key)
    return held === undefined || held instanceof Map ? find(key) : [held.value]
  }
  return {
    put,
    remove,
    get: (id) => values.get(id),
    find,
    findOnce,
    has: (key) => index.has(key),
    size: () => values.size,
    values: () => values.values(),
  }
}
