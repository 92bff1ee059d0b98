// Limits what a client may do for nothing.

/** Useless frames at once, and per second. */
export const USELESS_AT_ONCE = 1_000
export const USELESS_PER_SECOND = 33

/**
 * Counts frames that cost work and bring no request forward: resets, empty data, pings. `false`: they are too many (a
 * token bucket). Each request that ends with an answer earns some, because a client of gRPC may ping as often.
 */
export function createPatience(now: () => number = performance.now.bind(performance)) {
  let left = USELESS_AT_ONCE
  let since = now()
  return {
    bear: (amount = 1): boolean => {
      if (left < amount) {
        const at = now()
        left = Math.min(USELESS_AT_ONCE, left + ((at - since) / 1_000) * USELESS_PER_SECOND)
        since = at
      }
      if (left < amount) return false
      left -= amount
      return true
    },
    earn: (amount: number): void => {
      left = Math.min(USELESS_AT_ONCE, left + amount)
    },
  }
}
