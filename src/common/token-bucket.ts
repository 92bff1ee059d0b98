// A token bucket: limits a rate, and allows bursts.

/** `burst` tokens, refilled at `perSecond`. */
export type Allowance = { readonly burst: number; readonly perSecond: number }

export type TokenBucket = {
  /** The tokens left at a time in milliseconds. */
  readonly left: (now: number) => number
  readonly take: (tokens?: number) => void
  /** Gives tokens back, up to the burst. */
  readonly give: (tokens: number) => void
}

/** A bucket, initially full. A clock that goes back does not take tokens away. */
export function createTokenBucket({ burst, perSecond }: Allowance, createdAt: number): TokenBucket {
  let left = burst
  let at = createdAt
  return {
    left: (now) => {
      left = Math.min(burst, left + (Math.max(0, now - at) / 1_000) * perSecond)
      at = now
      return left
    },
    take: (tokens = 1) => {
      left -= tokens
    },
    give: (tokens) => {
      left = Math.min(burst, left + tokens)
    },
  }
}
