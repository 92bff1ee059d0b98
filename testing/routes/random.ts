export type Random = ReturnType<typeof createRandom>

/** A small seeded generator (mulberry32): the same seed gives the same values everywhere. */
export function createRandom(seed: number) {
  let state = seed >>> 0
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
  const below = (limit: number) => Math.floor(next() * limit)
  function pick<T>(values: readonly [T, ...T[]]): T
  function pick<T>(values: readonly T[]): T | undefined
  function pick<T>(values: readonly T[]): T | undefined {
    return values[below(values.length)]
  }
  const shuffled = <T>(values: readonly T[]): T[] =>
    values
      .map((value) => ({ value, key: next() }))
      .toSorted((one, other) => one.key - other.key)
      .map(({ value }) => value)
  return {
    below,
    pick,
    shuffled,
    chance: (part: number) => next() < part,
    /** Some of the values, each with this probability. */
    some: <T>(values: readonly T[], part: number) => values.filter(() => next() < part),
  }
}
