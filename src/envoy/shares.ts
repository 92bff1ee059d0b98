type Limits = { readonly all: number; readonly each: number }

/** Something of which there is only so much, and everybody gets a part. */
export type Shares = {
  /** `false`: nothing was taken, it would have been too much. */
  readonly take: (key: string, amount: number) => boolean
  readonly give: (key: string, amount: number) => void
  readonly taken: () => number
  readonly of: (key: string) => number
}

/**
 * The more is taken, the less one may have: at most half of what is left, and `each`. So there is always
 * something left for a newcomer, however many hoard (dynamic thresholds, Choudhury and Hahne 1998).
 */
export function createShares({ all, each }: Limits): Shares {
  const held = new Map<string, number>()
  let sum = 0
  return {
    take: (key, amount) => {
      const own = held.get(key) ?? 0
      if (own + amount > each || own + amount > Math.ceil((all - sum) / 2)) return false
      held.set(key, own + amount)
      sum += amount
      return true
    },
    give: (key, amount) => {
      const own = (held.get(key) ?? 0) - amount
      sum -= amount
      if (own > 0) held.set(key, own)
      else held.delete(key)
    },
    taken: () => sum,
    of: (key) => held.get(key) ?? 0,
  }
}
