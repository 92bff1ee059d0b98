export type SingleFlight<T> = {
  /** The one under way with this key. */
  readonly underWay: (key: string) => Promise<T> | undefined
  /** Joins the one under way, or begins it. */
  readonly join: (key: string, call: () => Promise<T>) => Promise<T>
}

/** Makes identical calls that overlap one call: whoever waits for it no more does not end it. */
export function createSingleFlight<T>(): SingleFlight<T> {
  const calls = new Map<string, Promise<T>>()
  const underWay = (key: string) => calls.get(key)

  return {
    underWay,
    join: (key, call) => {
      const known = underWay(key)
      if (known !== undefined) return known
      const begun = call().finally(() => calls.delete(key))
      calls.set(key, begun)
      return begun
    },
  }
}
