// Divides a limited resource among keys.

/** Keys without a share that stay: a `Map` that deletes keeps garbage alive, as docs/http2.md explains. */
export const KEPT_KEYS = 256

type Limits = { readonly all: number; readonly each: number }

/** A limited resource, divided among keys. */
export type Shares = {
  /** `false`: nothing was taken, because a limit is reached. */
  readonly take: (key: string, amount: number) => boolean
  readonly give: (key: string, amount: number) => void
  readonly taken: () => number
  readonly of: (key: string) => number
}

/**
 * Each key gets at most half of what is free, and at most `each`. So there is always room for a new key
 * (dynamic thresholds, Choudhury and Hahne 1998).
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
      if (own > 0 || held.size <= KEPT_KEYS) held.set(key, own)
      else held.delete(key)
    },
    taken: () => sum,
    of: (key) => held.get(key) ?? 0,
  }
}
