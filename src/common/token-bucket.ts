/** `burst` at once; what is used of it comes back at so many a second. */
export type Allowance = { readonly burst: number; readonly perSecond: number }

export type TokenBucket = {
  /** How many tokens are left at a time, in milliseconds. */
  readonly left: (now: number) => number
  readonly take: () => void
}

/** A bucket that is full at first. A clock that goes back takes nothing away. */
export function createTokenBucket({ burst, perSecond }: Allowance, createdAt: number): TokenBucket {
  let left = burst
  let at = createdAt
  return {
    left: (now) => {
      left = Math.min(burst, left + (Math.max(0, now - at) / 1_000) * perSecond)
      at = now
      return left
    },
    take: () => {
      left -= 1
    },
  }
}
