import { setTimeout as delay } from 'node:timers/promises'

/** When to try again, in milliseconds. */
export type RetryPeriods = {
  readonly firstRetry: number
  readonly longestRetry: number
}

/** Waits between attempts: longer after each failure, and never less than the API server asks for. */
export function createRetry({ firstRetry, longestRetry }: RetryPeriods) {
  let failures = 0
  let asked = 0

  /** Between half and the whole of the delay, so that replicas do not ask together. */
  const backOff = () =>
    failures === 0
      ? 0
      : Math.min(longestRetry, firstRetry * 2 ** Math.min(failures - 1, 20)) *
        (0.5 + Math.random() / 2)

  return {
    succeeded: () => {
      failures = 0
    },
    failed: () => {
      failures += 1
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
