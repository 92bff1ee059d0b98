/** Things that wait, each tenant's in a line of its own. */
export type FairLines<T> = {
  /** Where too many wait, the last one of the longest line goes for it, or it is not added. */
  readonly add: (tenant: string, thing: T) => void
  /** The next one, tenants in turn. */
  readonly next: () => T | undefined
}

export function createFairLines<T>(max: number): FairLines<T> {
  const lines = new Map<string, T[]>()
  let length = 0

  return {
    add: (tenant, thing) => {
      const line = lines.get(tenant) ?? []
      if (length >= max) {
        const [, other = []] = longest(lines, ({ length }) => length) ?? []
        if (other.length <= line.length + 1) return
        other.pop()
        length -= 1
      }
      length += 1
      line.push(thing)
      lines.set(tenant, line)
    },
    next: () => {
      const [first] = lines
      if (first === undefined) return undefined
      const [tenant, line] = first
      const thing = line.shift()
      lines.delete(tenant)
      if (line.length > 0) lines.set(tenant, line)
      length -= 1
      return thing
    },
  }
}

/** The entry with the largest length, of several the last. */
export function longest<T>(
  entries: ReadonlyMap<string, T>,
  lengthOf: (entry: T) => number,
): readonly [string, T] | undefined {
  let found: readonly [string, T] | undefined
  for (const entry of entries)
    if (found === undefined || lengthOf(entry[1]) >= lengthOf(found[1])) found = entry
  return found
}
