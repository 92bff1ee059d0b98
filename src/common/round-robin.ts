/** What waits, and whose turn is next: one of each key after the other. */
export type RoundRobin<T> = {
  /** What had to go for it, of the key that has most; this itself where that is its own. */
  readonly add: (key: string, item: T) => T | undefined
  readonly next: () => T | undefined
  readonly size: () => number
}

/** Lets as many wait as `limit`, and of no key more than are left by the others. */
export function createRoundRobin<T>(limit: number): RoundRobin<T> {
  /** The key whose turn it is stands first. */
  const lines = new Map<string, T[]>()
  let length = 0

  const longest = (): readonly [string, T[]] | undefined => {
    let most: readonly [string, T[]] | undefined
    for (const entry of lines) if (entry[1].length > (most?.[1].length ?? 0)) most = entry
    return most
  }
  /** The last of whoever has most. */
  const drop = (): T | undefined => {
    const [key, line = []] = longest() ?? []
    const item = line.pop()
    if (item === undefined) return undefined
    if (line.length === 0 && key !== undefined) lines.delete(key)
    length -= 1
    return item
  }

  return {
    add: (key, item) => {
      const line = lines.get(key) ?? []
      lines.set(key, line)
      line.push(item)
      length += 1
      return length > limit ? drop() : undefined
    },
    next: () => {
      const [first] = lines
      if (first === undefined) return undefined
      const [key, line] = first
      const item = line.shift()
      lines.delete(key)
      if (line.length > 0) lines.set(key, line)
      length -= 1
      return item
    },
    size: () => length,
  }
}
