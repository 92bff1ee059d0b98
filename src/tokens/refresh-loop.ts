// Repeats an attempt periodically, on demand, and after failures.

import { backoffMs, jittered } from '../common/backoff.ts'

/** All in milliseconds. */
export type RefreshPeriods = {
  readonly refresh: number
  /** Between two attempts on demand, and from a failed attempt to one on demand. */
  readonly coolDown: number
  readonly firstRetry: number
  readonly longestRetry: number
}

/** Attempts immediately, then periodically and on demand, one at a time. */
export type RefreshLoop = {
  readonly underWay: () => Promise<void> | undefined
  /** Whether the last completed attempt failed. */
  readonly failing: () => boolean
  /** Starts an attempt, unless one is in flight or the cool-down is not over. */
  readonly demand: () => void
}

/** `attempt` resolves to whether it succeeded, and never rejects. The loop ends with `closing`. */
export function createRefreshLoop(
  attempt: () => Promise<boolean>,
  periods: RefreshPeriods,
  closing: AbortSignal,
): RefreshLoop {
  let underWay: Promise<void> | undefined
  let begun = performance.now()
  let lastDemand = Number.NEGATIVE_INFINITY
  let failures = 0
  let timer: NodeJS.Timeout | undefined

  const begin = () => {
    clearTimeout(timer)
    if (closing.aborted) return
    begun = performance.now()
    underWay = attempt().then(end, (bug: unknown) => {
      end(false)
      throw bug
    })
  }
  const end = (succeeded: boolean) => {
    underWay = undefined
    failures = succeeded ? 0 : failures + 1
    if (closing.aborted) return
    timer = setTimeout(begin, nextDelay(failures, periods)).unref()
  }

  begin()
  closing.addEventListener('abort', () => clearTimeout(timer))
  return {
    underWay: () => underWay,
    failing: () => failures > 0,
    demand: () => {
      const last = failures > 0 ? Math.max(begun, lastDemand) : lastDemand
      if (underWay !== undefined || performance.now() - last < periods.coolDown) return
      lastDemand = performance.now()
      begin()
    },
  }
}

const nextDelay = (
  failures: number,
  { refresh, firstRetry, longestRetry }: RefreshPeriods,
): number => jittered(failures === 0 ? refresh : backoffMs(failures, firstRetry, longestRetry))
