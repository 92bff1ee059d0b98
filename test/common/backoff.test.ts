import { describe, expect, it } from 'vitest'
import { backoffMs, jittered } from '../../src/common/backoff.ts'

describe('the delay after failures', () => {
  it('starts with the first delay and doubles up to the maximum', () => {
    const delays = [1, 2, 3, 4, 5].map((failures) => backoffMs(failures, 100, 1_000))
    expect(delays).toEqual([100, 200, 400, 800, 1_000])
  })

  it('stays finite after any number of failures', () => {
    expect(backoffMs(1_000_000, 1, Number.POSITIVE_INFINITY)).toBe(2 ** 20)
  })

  it('is the first delay without a failure', () => {
    expect(backoffMs(-3, 100, 1_000)).toBe(100)
  })
})

it('with jitter is between half and the whole delay, and varies', () => {
  const delays = Array.from({ length: 1_000 }, () => jittered(100))
  expect(Math.min(...delays)).toBeGreaterThanOrEqual(50)
  expect(Math.max(...delays)).toBeLessThanOrEqual(100)
  expect(Math.min(...delays)).toBeLessThan(60)
  expect(Math.max(...delays)).toBeGreaterThan(90)
})
