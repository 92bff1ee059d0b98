import { backoffMs, jittered } from '../../common/backoff.ts'

/** When not to ask a dependency that fails. */
export type CircuitBreaker = {
  readonly isOpen: () => boolean
  readonly succeeded: () => void
  /** Of a call that was begun at `begun` (`performance.now()`); `askedMs`: how long it is to be left alone. */
  readonly failed: (begun: number, askedMs: number) => void
}

export type CircuitBreakerPeriods = {
  /** So many failures in a row are no reason yet. */
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
      // Those that were under way already say nothing new.
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
