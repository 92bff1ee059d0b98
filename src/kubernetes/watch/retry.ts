// The delays between attempts of a reflector.

import { backoffMs, jittered } from '../../common/backoff.ts'

/** Delays before retries, in milliseconds. */
export type RetryPeriods = {
  readonly firstRetry: number
  readonly longestRetry: number
  /** The longest if nothing answers: such attempts cost the API server nothing. */
  readonly longestKnock: number
}

/** Exponential back-off with jitter, and at least as long as the API server asks. */
export function createRetry({ firstRetry, longestRetry, longestKnock }: RetryPeriods) {
  let failures = 0
  let asked = 0
  let longest = longestRetry

  const backoff = () => (failures === 0 ? 0 : jittered(backoffMs(failures, firstRetry, longest)))

  return {
    succeeded: () => {
      failures = 0
    },
    failed: (answered: boolean) => {
      const most = answered ? longestRetry : longestKnock
      // Attempts during an outage do not count once the server answers again.
      failures = most === longest ? failures + 1 : 1
      longest = most
    },
    /** Sets the wait before the next attempt, with jitter so that replicas do not ask together. */
    ask: (ms: number) => {
      asked = ms * (1 + Math.random() / 10)
    },
    /** Milliseconds until the next attempt. */
    next: (): number => {
      const ms = Math.max(asked, backoff())
      asked = 0
      return ms
    },
  }
}
