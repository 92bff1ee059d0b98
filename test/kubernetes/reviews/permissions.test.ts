import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { NamedCaller } from '../../../src/access/caller.ts'
import { ApiError } from '../../../src/kubernetes/client/api-server.ts'
import { aCaller } from '../../../testing/builders.ts'
import { held } from './asking.ts'
import { ALLOWED, DENIED, iris, reviews } from './reviewing.ts'

beforeEach(() => {
  vi.useFakeTimers()
  vi.advanceTimersByTime(1)
})
afterEach(() => void vi.useRealTimers())

describe('a permission', () => {
  it.each([
    ['yes', ALLOWED, 60_000],
    ['no', DENIED, 5_000],
  ])('(%s) is cached for its TTL', async (permission, answer, ttlMs) => {
    const { permits, requests } = reviews(() => answer)
    const caller = aCaller()
    await permits(caller, iris)
    vi.advanceTimersByTime(ttlMs - 1)
    expect(permits(caller, iris)).toBe(permission)
    vi.advanceTimersByTime(2)
    expect(permits(caller, iris)).toBeInstanceOf(Promise)
    expect(requests.length).toBeGreaterThan(1)
  })

  it.each<[title: string, change: Partial<NamedCaller>]>([
    ['kind', { kind: 'jwt' }],
    ['user', { user: 'somebody' }],
    ['uid', { uid: 'uid-2' }],
    ['groups', { groups: ['system:authenticated'] }],
    ['extra', { extra: { a: ['1'] } }],
  ])('is not shared with a caller with another %s', async (_title, change) => {
    const { permits, requests } = reviews()
    await permits(aCaller(), iris)
    expect(permits(aCaller(), iris)).toBe('yes')
    await permits(aCaller(change), iris)
    expect(requests).toHaveLength(2)
  })

  it('is not shared with another service', async () => {
    const { permits, requests } = reviews()
    await permits(aCaller(), iris)
    await permits(aCaller(), { ...iris, name: 'fraud' })
    await permits(aCaller(), { ...iris, kind: 'InferenceGraph' })
    expect(requests).toHaveLength(3)
  })

  it('is reviewed once for all concurrent requests', async () => {
    const { answer, release } = held()
    const { permits, requests } = reviews(answer)
    const asked = Array.from({ length: 1_000 }, () => permits(aCaller(), iris))
    release(ALLOWED)
    expect(new Set(await Promise.all(asked.map(async (one) => one)))).toEqual(new Set(['yes']))
    expect(requests).toHaveLength(1)
  })

  it.each([
    ['500', new ApiError(500)],
    ['403', new ApiError(403)],
  ])('is unknown, and nothing is cached, after a %s', async (_title, error) => {
    const { permits, answer } = reviews(() => Promise.reject(error))
    expect(await permits(aCaller(), iris)).toBe('unavailable')
    answer(() => ALLOWED)
    expect(await permits(aCaller(), iris)).toBe('yes')
  })

  it('in use is refreshed before its TTL ends, without a wait', async () => {
    const { permits, requests, answer } = reviews()
    const caller = aCaller()
    await permits(caller, iris)
    vi.advanceTimersByTime(46_000)
    expect(permits(caller, iris)).toBe('yes')
    await vi.advanceTimersByTimeAsync(30_000)
    expect(permits(caller, iris)).toBe('yes')
    expect(requests).toHaveLength(2)
    answer(() => DENIED)
    vi.advanceTimersByTime(16_000)
    expect(permits(caller, iris)).toBe('yes')
    await vi.advanceTimersByTimeAsync(1)
    expect(permits(caller, iris)).toBe('no')
  })

  it('is valid until its TTL ends if the API server is unavailable', async () => {
    const { permits, answer, requests } = reviews()
    await permits(aCaller(), iris)
    answer(() => Promise.reject(new ApiError(500)))
    for (let second = 0; second < 59; second += 1) {
      await vi.advanceTimersByTimeAsync(1_000)
      expect(permits(aCaller(), iris)).toBe('yes')
    }
    await vi.advanceTimersByTimeAsync(1_001)
    expect(await permits(aCaller(), iris)).toBe('unavailable')
    expect(requests.length).toBeLessThan(10)
  })
})

describe('after a change of a Role or a binding', () => {
  it('cached results are invalid', async () => {
    const { permits, change, answer } = reviews()
    await permits(aCaller(), iris)
    change()
    answer(() => DENIED)
    expect(await permits(aCaller(), iris)).toBe('no')
  })

  it('earlier reviews are answered, but not cached, nor shared with later requests', async () => {
    const { answer: wait, release } = held()
    const { permits, change, answer } = reviews(wait)
    const before = permits(aCaller(), iris)
    change()
    answer(() => DENIED)
    expect(await permits(aCaller(), iris)).toBe('no')
    release(ALLOWED)
    expect(await before).toBe('yes')
    expect(permits(aCaller(), iris)).toBe('no')
  })

  it('the TTL is at most the age of the change, since the API server may not have seen it yet', async () => {
    const { permits, change, requests } = reviews()
    change()
    const asked: number[] = []
    for (let ms = 0; ms < 10_000; ms += 10) {
      const before = requests.length
      await permits(aCaller(), iris)
      if (requests.length > before) asked.push(ms)
      await vi.advanceTimersByTimeAsync(10)
    }
    expect(asked.slice(0, 3)).toEqual([0, 260, 530])
    expect(asked.length).toBeLessThan(10)
  })
})
