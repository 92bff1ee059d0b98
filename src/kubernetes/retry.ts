import { setTimeout as delay } from 'node:timers/promises'

/** When to try again, in milliseconds. */
export type RetryPeriods = {
  readonly firstRetry: number
  readonly longestRetry: number
  /** The longest where nobody answers: such attempts cost the API server nothing. */
  readonly longestKnock: number
}

/** Waits between attempts: longer after each failure, and never less than the API server asks for. */
export function createRetry({ firstRetry, longestRetry, longestKnock }: RetryPeriods) {
  let failures = 0
  let asked = 0
  let longest = longestRetry

  /** Between half and the whole of the delay, so that replicas do not ask together. */
  const backOff = () =>
    failures === 0
      ? 0
      : Math.min(longest, firstRetry * 2 ** Math.min(failures - 1, 20)) * (0.5 + Math.random() / 2)

  return {
    succeeded: () => {
      failures = 0
    },
    failed: (answered: boolean) => {
      failures += 1
      longest = answered ? longestRetry : longestKnock
    },
    /** Before the next attempt; with some more, for the same reason. */
    ask: (ms: number) => {
      asked = ms * (1 + Math.random() / 10)
    },
    pause: async (signal: AbortSignal) => {
      const ms = Math.max(asked, backOff())
      asked = 0
      if (ms > 0) await delay(ms, undefined, { signal }).catch(() => {})
    },
  }
}
