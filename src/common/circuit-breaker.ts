// A circuit breaker: pauses calls to a failing dependency.

import { backoffMs, jittered } from './backoff.ts'

/** Pauses calls to a failing dependency. */
export type CircuitBreaker = {
  readonly isOpen: () => boolean
  readonly succeeded: () => void
  /**
   * Reports a failed call that started at `begun` (`performance.now()`); `askedMs`: the wait that the
   * dependency asked for.
   */
  readonly failed: (begun: number, askedMs: number) => void
}

export type CircuitBreakerPeriods = {
  /** Consecutive failures before the first pause. */
  readonly tolerated: number
  /** In milliseconds. */
  readonly firstRestMs: number
  readonly longestRestMs: number
}

export function createCircuitBreaker(periods: CircuitBreakerPeriods): CircuitBreaker {
  const { tolerated, firstRestMs, longestRestMs } = periods
  let failures = 0
  let decided = Number.NEGATIVE_INFINITY
  let restUntil = Number.NEGATIVE_INFINITY

  return {
    isOpen: () => performance.now() < restUntil,
    succeeded: () => {
      failures = 0
      restUntil = Number.NEGATIVE_INFINITY
    },
    failed: (begun, askedMs) => {
      // Calls already in flight at the last failure do not count again.
      if (begun < decided) return
      failures += 1
      if (failures <= tolerated && askedMs === 0) return
      const rest = backoffMs(failures - tolerated, firstRestMs, longestRestMs)
      decided = performance.now()
      const askedRest = Math.min(longestRestMs, Math.max(askedMs, rest))
      restUntil = decided + (askedMs > 0 ? askedRest : jittered(rest))
    },
  }
}
