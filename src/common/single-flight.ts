// Merges identical calls in flight.

import { afterwards } from './maybe-promise.ts'
import { createShortLived } from './short-lived.ts'

export type SingleFlight<T> = {
  /** The call in flight with this key. */
  readonly underWay: (key: string) => Promise<T> | undefined
  /** Joins the call in flight, or starts one. `ended`: called at the end of a call that was started. */
  readonly join: (key: string, call: () => Promise<T>, ended?: () => void) => Promise<T>
}

/** Merges identical calls in flight. A call goes on if its callers stop waiting. */
export function createSingleFlight<T>(): SingleFlight<T> {
  const calls = createShortLived<Promise<T>>()
  const underWay = (key: string) => calls.get(key)

  return {
    underWay,
    join: (key, call, ended) => {
      const known = underWay(key)
      if (known !== undefined) return known
      const begun = afterwards(call(), () => {
        calls.delete(key)
        ended?.()
      })
      calls.set(key, begun)
      return begun
    },
  }
}
