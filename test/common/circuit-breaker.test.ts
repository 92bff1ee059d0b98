import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createCircuitBreaker } from '../../src/common/circuit-breaker.ts'

const aBackOff = () =>
  createCircuitBreaker({ tolerated: 2, firstRestMs: 100, longestRestMs: 1_000 })
type BackOff = ReturnType<typeof aBackOff>

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

/** Fails this many times, each with a call that starts now; resolves to the open time afterwards. */
function failing({ failed, isOpen }: BackOff, times: number): number {
  for (let time = 0; time < times; time += 1) {
    vi.advanceTimersByTime(1)
    failed(performance.now(), 0)
  }
  let rested = 0
  for (; isOpen(); rested += 1) vi.advanceTimersByTime(1)
  return rested
}

describe('a circuit breaker', () => {
  it('stays closed after one or two failures', () => {
    expect(failing(aBackOff(), 2)).toBe(0)
  })

  it('opens after more, and longer the more there are', () => {
    const circuitBreaker = aBackOff()
    const rests = [
      failing(circuitBreaker, 3),
      failing(circuitBreaker, 1),
      failing(circuitBreaker, 1),
    ]
    for (const [index, rest] of rests.entries()) {
      expect(rest).toBeGreaterThanOrEqual(50 * 2 ** index)
      expect(rest).toBeLessThanOrEqual(100 * 2 ** index + 1)
    }
  })

  it('is never open longer than the maximum', () => {
    const circuitBreaker = aBackOff()
    failing(circuitBreaker, 3)
    for (let time = 0; time < 40; time += 1) failing(circuitBreaker, 1)
    expect(failing(circuitBreaker, 1)).toBeLessThanOrEqual(1_001)
  })

  it('closes at once after an answer', () => {
    const circuitBreaker = aBackOff()
    circuitBreaker.failed(performance.now(), 500)
    expect(circuitBreaker.isOpen()).toBe(true)
    circuitBreaker.succeeded()
    expect(circuitBreaker.isOpen()).toBe(false)
    expect(failing(circuitBreaker, 2)).toBe(0)
  })

  it('opens for as long as the dependency asks, after a single failure', () => {
    const circuitBreaker = aBackOff()
    circuitBreaker.failed(performance.now(), 700)
    vi.advanceTimersByTime(699)
    expect(circuitBreaker.isOpen()).toBe(true)
    vi.advanceTimersByTime(1)
    expect(circuitBreaker.isOpen()).toBe(false)
  })

  it('is not left alone for longer than the longest rest, however long it asks', () => {
    const circuitBreaker = aBackOff()
    circuitBreaker.failed(performance.now(), 60_000)
    vi.advanceTimersByTime(1_000)
    expect(circuitBreaker.isOpen()).toBe(false)
  })

  it('is not left alone for longer because of calls that were under way already', () => {
    const circuitBreaker = aBackOff()
    const begun = performance.now()
    vi.advanceTimersByTime(1)
    for (let call = 0; call < 32; call += 1) circuitBreaker.failed(begun, 0)
    vi.advanceTimersByTime(101)
    expect(circuitBreaker.isOpen()).toBe(false)
  })
})
