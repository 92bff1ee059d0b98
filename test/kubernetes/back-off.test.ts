import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createBackOff } from '../../src/kubernetes/back-off.ts'

const aBackOff = () => createBackOff({ tolerated: 2, firstRestMs: 100, longestRestMs: 1_000 })
type BackOff = ReturnType<typeof aBackOff>

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

/** Fails so often, each time with a call that begins now; resolves to how long it rests then. */
function failing({ failed, isResting }: BackOff, times: number): number {
  for (let time = 0; time < times; time += 1) {
    vi.advanceTimersByTime(1)
    failed(performance.now(), 0)
  }
  let rested = 0
  for (; isResting(); rested += 1) vi.advanceTimersByTime(1)
  return rested
}

describe('a dependency', () => {
  it('is asked again at once after a failure or two', () => {
    expect(failing(aBackOff(), 2)).toBe(0)
  })

  it('is left alone for a while after more, and for longer the more they are', () => {
    const backOff = aBackOff()
    const rests = [failing(backOff, 3), failing(backOff, 1), failing(backOff, 1)]
    for (const [index, rest] of rests.entries()) {
      expect(rest).toBeGreaterThanOrEqual(50 * 2 ** index)
      expect(rest).toBeLessThanOrEqual(100 * 2 ** index + 1)
    }
  })

  it('is never left alone for longer than the longest rest', () => {
    const backOff = aBackOff()
    failing(backOff, 3)
    for (let time = 0; time < 40; time += 1) failing(backOff, 1)
    expect(failing(backOff, 1)).toBeLessThanOrEqual(1_001)
  })

  it('is asked again at once when it has answered', () => {
    const backOff = aBackOff()
    backOff.failed(performance.now(), 500)
    expect(backOff.isResting()).toBe(true)
    backOff.succeeded()
    expect(backOff.isResting()).toBe(false)
    expect(failing(backOff, 2)).toBe(0)
  })

  it('is left alone for as long as it asks, after a single failure', () => {
    const backOff = aBackOff()
    backOff.failed(performance.now(), 700)
    vi.advanceTimersByTime(699)
    expect(backOff.isResting()).toBe(true)
    vi.advanceTimersByTime(1)
    expect(backOff.isResting()).toBe(false)
  })

  it('is not left alone for longer because of calls that were under way already', () => {
    const backOff = aBackOff()
    const begun = performance.now()
    vi.advanceTimersByTime(1)
    for (let call = 0; call < 32; call += 1) backOff.failed(begun, 0)
    vi.advanceTimersByTime(101)
    expect(backOff.isResting()).toBe(false)
  })
})
