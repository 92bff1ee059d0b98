// Limits what a client may do for nothing.

import { createTokenBucket } from '../common/token-bucket.ts'

/** Useless frames at once, and per second. */
export const USELESS_AT_ONCE = 1_000
export const USELESS_PER_SECOND = 33

/**
 * Counts frames that cost work and bring no request forward: resets, empty data, pings. `false`: they are too many.
 * Each request that ends with an answer earns some, because a client of gRPC may ping as often.
 */
export function createPatience(now: () => number = performance.now.bind(performance)) {
  const bucket = createTokenBucket({ burst: USELESS_AT_ONCE, perSecond: USELESS_PER_SECOND }, now())
  return {
    bear: (amount = 1): boolean => {
      if (bucket.left(now()) < amount) return false
      bucket.take(amount)
      return true
    },
    earn: bucket.give,
  }
}
