import { backoffMs, jittered } from '../../common/backoff.ts'

/** When to try again, in milliseconds. */
export type RetryPeriods = {
  readonly firstRetry: number
  readonly longestRetry: number
  /** The longest where nobody answers: such attempts cost the API server nothing. */
  readonly longestKnock: number
}

/** How long to wait between attempts: longer after each failure, and never less than the API server asks. */
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
      // One that answers again has not failed as often as it was away.
      failures = most === longest ? failures + 1 : 1
      longest = most
    },
    /** Before the next attempt; with some more, so that replicas do not ask together. */
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
