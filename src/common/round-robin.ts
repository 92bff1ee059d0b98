// A bounded queue in which keys take turns.

/** A bounded queue in which keys take turns. */
export type RoundRobin<T> = {
  /** Returns the item dropped to make room: one of the longest queue, which may be this item. */
  readonly add: (key: string, item: T) => T | undefined
  readonly next: () => T | undefined
  readonly size: () => number
}

/** At most `limit` items wait. When full, the key with the most items loses one. */
export function createRoundRobin<T>(limit: number): RoundRobin<T> {
  /** In order of turns. */
  const lines = new Map<string, T[]>()
  let length = 0

  const longest = (): readonly [string, T[]] | undefined => {
    let most: readonly [string, T[]] | undefined
    for (const entry of lines) if (entry[1].length > (most?.[1].length ?? 0)) most = entry
    return most
  }
  /** Drops the last item of the longest queue. */
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
