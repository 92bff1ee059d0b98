import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createCache } from '../../src/common/cache.ts'

const MINUTE = 60_000

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => void vi.useRealTimers())

const aCache = (bounds: Partial<Parameters<typeof createCache>[0]> = {}) =>
  createCache<string>({ entries: 2, bytes: 100, ...bounds })

describe('a cache', () => {
  it('returns a value until it expires, and no longer at that very moment', () => {
    const cache = aCache()
    cache.set('a', 'one', 100)
    vi.advanceTimersByTime(99)
    expect(cache.get('a')).toBe('one')
    vi.advanceTimersByTime(2)
    expect(cache.get('a')).toBeUndefined()
  })

  it('evicts the least recently used entry beyond its maximum count', () => {
    const cache = aCache()
    cache.set('a', 'one', MINUTE)
    cache.set('b', 'two', MINUTE)
    cache.get('a')
    cache.set('c', 'three', MINUTE)
    expect(['a', 'b', 'c'].map(cache.get)).toEqual(['one', undefined, 'three'])
    expect(cache.size()).toBe(2)
  })

  it('evicts it beyond its maximum total size', () => {
    const cache = aCache({ entries: 100 })
    cache.set('a', 'one', MINUTE, { size: 60 })
    cache.set('b', 'two', MINUTE, { size: 60 })
    expect(['a', 'b'].map(cache.get)).toEqual([undefined, 'two'])
  })

  it.each([
    ['too large', MINUTE, 101],
    ['over already', 0, 1],
    ['expired long ago', -1, 1],
  ])('neither stores a value that is %s nor keeps the previous one', (_title, ttlMs, size) => {
    const cache = aCache()
    cache.set('a', 'one', MINUTE)
    cache.set('a', 'two', ttlMs, { size })
    expect(cache.get('a')).toBeUndefined()
  })

  it('removes what is deleted', () => {
    const cache = aCache()
    cache.set('a', 'one', MINUTE)
    cache.delete('a')
    expect(cache.get('a')).toBeUndefined()
  })

  it('stays within its bounds whatever number of keys is set', () => {
    const cache = aCache({ entries: 1_000, bytes: 50_000 })
    for (let key = 0; key < 100_000; key += 1)
      cache.set(String(key), 'value', MINUTE, { size: key % 200 })
    expect(cache.size()).toBeLessThanOrEqual(1_000)
  })
})

describe('a cache of several owners', () => {
  const filled = (of: ReturnType<typeof aCache>, holder: string, count: number, size = 1) => {
    for (let key = 0; key < count; key += 1)
      of.set(`${holder} ${key}`, holder, MINUTE, { holder, size })
  }
  const heldBy = (of: ReturnType<typeof aCache>, holder: string) =>
    Array.from({ length: 2_000 }, (_, key) => of.get(`${holder} ${key}`)).filter(Boolean).length

  it.each([
    ['many', 1],
    ['large', 500],
  ])('keeps the share of one owner, however %s the values of another are', (_title, size) => {
    const cache = aCache({ entries: 100, bytes: 10_000 })
    filled(cache, 'team', 40)
    filled(cache, 'evil', 2_000, size)
    expect(heldBy(cache, 'team')).toBe(40)
    expect(cache.size()).toBeLessThanOrEqual(100)
  })

  it("gives its whole capacity to a single owner, and takes back another's share when needed", () => {
    const cache = aCache({ entries: 100, bytes: 10_000 })
    filled(cache, 'evil', 2_000)
    expect(heldBy(cache, 'evil')).toBe(100)
    filled(cache, 'team', 2_000)
    expect([heldBy(cache, 'evil'), heldBy(cache, 'team')]).toEqual([50, 50])
  })

  it('stays within its bounds, and keeps no entry for an owner without values', () => {
    const cache = aCache({ entries: 100, bytes: 10_000 })
    for (let holder = 0; holder < 5_000; holder += 1) filled(cache, `h${holder}`, 2, holder % 300)
    expect(cache.size()).toBeLessThanOrEqual(100)
    for (let holder = 0; holder < 5_000; holder += 1)
      for (const key of [0, 1]) cache.delete(`h${holder} ${key}`)
    expect(cache.size()).toBe(0)
    filled(cache, 'team', 100)
    expect(heldBy(cache, 'team')).toBe(100)
  })

  it('does not count an owner whose values are all deleted or expired', () => {
    const cache = aCache({ entries: 100, bytes: 10_000 })
    for (let holder = 0; holder < 50; holder += 1) filled(cache, `deleted${holder}`, 1)
    for (let holder = 0; holder < 50; holder += 1) cache.delete(`deleted${holder} 0`)
    for (let holder = 0; holder < 50; holder += 1) filled(cache, `over${holder}`, 1)
    vi.advanceTimersByTime(MINUTE + 1)
    for (let holder = 0; holder < 50; holder += 1) cache.get(`over${holder} 0`)
    filled(cache, 'evil', 100)
    filled(cache, 'team', 40)
    expect([heldBy(cache, 'evil'), heldBy(cache, 'team')]).toEqual([60, 40])
  })

  it('counts the sizes of all owners together', () => {
    const cache = aCache({ entries: 100, bytes: 10_000 })
    filled(cache, 'team', 4, 1_000)
    filled(cache, 'evil', 2_000, 1_000)
    expect([heldBy(cache, 'evil'), heldBy(cache, 'team')]).toEqual([6, 4])
  })

  it('counts a value that is set again once, for its last owner', () => {
    const cache = aCache({ entries: 100, bytes: 10_000 })
    for (const holder of ['team', 'evil', 'evil'])
      for (let key = 0; key < 10; key += 1)
        cache.set(`team ${key}`, holder, MINUTE, { holder, size: 1_000 })
    expect(heldBy(cache, 'team')).toBe(10)
    filled(cache, 'other', 5, 1_000)
    expect([heldBy(cache, 'team'), heldBy(cache, 'other')]).toEqual([5, 5])
  })
})
