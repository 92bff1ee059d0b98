import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createShares } from '../../src/envoy/shares.ts'

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

  it('that are released may be taken again', () => {
    const { take, give, taken } = createShares({ all: 10, each: 2 })
    expect([take('a', 2), take('a', 1)]).toEqual([true, false])
    give('a', 2)
    expect(taken()).toBe(0)
    expect(take('a', 2)).toBe(true)
  })
})
