import { describe, expect, it } from 'vitest'
import { backoffMs, jittered } from '../../src/common/backoff.ts'

describe('the delay after failures', () => {
  it('is the first delay, then twice as long each time, and never longer than the longest', () => {
    const delays = [1, 2, 3, 4, 5].map((failures) => backoffMs(failures, 100, 1_000))
    expect(delays).toEqual([100, 200, 400, 800, 1_000])
  })

  it('stays finite however many failures there are', () => {
    expect(backoffMs(1_000_000, 1, Number.POSITIVE_INFINITY)).toBe(2 ** 20)
  })

  it('is the first delay where there was no failure', () => {
    expect(backoffMs(-3, 100, 1_000)).toBe(100)
  })
})

it('a delay with jitter is between its half and its whole, and differs from time to time', () => {
  const delays = Array.from({ length: 1_000 }, () => jittered(100))
  expect(Math.min(...delays)).toBeGreaterThanOrEqual(50)
  expect(Math.max(...delays)).toBeLessThanOrEqual(100)
  expect(Math.min(...delays)).toBeLessThan(60)
  expect(Math.max(...delays)).toBeGreaterThan(90)
})
