import { describe, expect, it } from 'vitest'
import { createPatience, USELESS_AT_ONCE, USELESS_PER_SECOND } from '../../src/http2/patience.ts'

/** How many useless frames are borne in a row. */
function borne({ bear }: ReturnType<typeof createPatience>): number {
  let count = 0
  while (count < 10 * USELESS_AT_ONCE && bear()) count += 1
  return count
}

describe('the patience with a client', () => {
  it('ends after many useless frames, and comes back with time', () => {
    let now = 0
    const patience = createPatience(() => now)
    expect(borne(patience)).toBe(USELESS_AT_ONCE)
    now += 2_000
    expect(borne(patience)).toBe(2 * USELESS_PER_SECOND)
    now += 3_600_000
    expect(borne(patience)).toBe(USELESS_AT_ONCE)
  })

  it('is earned by answers, up to its limit', () => {
    const patience = createPatience(() => 0)
    borne(patience)
    patience.earn(5)
    expect(borne(patience)).toBe(5)
    patience.earn(10 * USELESS_AT_ONCE)
    expect(borne(patience)).toBe(USELESS_AT_ONCE)
  })
})
