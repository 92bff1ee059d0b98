import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createShares, KEPT_KEYS } from '../../src/envoy/shares.ts'
import { promotedBytes } from '../../testing/old-space.ts'

describe('shares', () => {
  it('of one user do not exceed their own limit', () => {
    const { take, taken } = createShares({ all: 100, each: 3 })
    expect([1, 2, 3, 4].map(() => take('a', 1))).toEqual([true, true, true, false])
    expect(taken()).toBe(3)
  })

  it('leave room for a new user, however many others take theirs', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(20), { maxLength: 2_000 }), (takers) => {
        const { take, taken } = createShares({ all: 64, each: 64 })
        for (const taker of takers) take(String(taker), 1)
        expect(taken()).toBeLessThan(64)
        expect(take('newcomer', 1)).toBe(true)
      }),
    )
  })

  it('of a few users keep no garbage alive as they come and go', () => {
    const { take, give } = createShares({ all: 1_000, each: 1_000 })
    const users = Array.from({ length: KEPT_KEYS / 2 }, (_, index) => `10.0.0.${index}`)
    let next = 0
    const add = () => {
      next = (next + 1) % users.length
      const user = users[next] ?? ''
      take(user, 1)
      return user
    }
    expect(promotedBytes(add, (user) => give(user, 1))).toBeLessThan(50_000)
  })

  it('of many users who come and go are forgotten', () => {
    const { take, give } = createShares({ all: 10_000, each: 10_000 })
    const add = (number: number) => {
      const user = String(number).padStart(1_024, '0')
      take(user, 1)
      return user
    }
    expect(promotedBytes(add, (user) => give(user, 1))).toBeLessThan(6 * KEPT_KEYS * 1_024)
  })

  it('that are released may be taken again', () => {
    const { take, give, taken } = createShares({ all: 10, each: 2 })
    expect([take('a', 2), take('a', 1)]).toEqual([true, false])
    give('a', 2)
    expect(taken()).toBe(0)
    expect(take('a', 2)).toBe(true)
  })
})
