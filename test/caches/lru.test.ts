import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createCache } from '../../src/caches/lru.ts'

const MINUTE = 60_000

beforeEach(() => {
  vi.useFakeTimers()
  // To the library a value that was set at 0 has no end.
  vi.advanceTimersByTime(1)
})
afterEach(() => void vi.useRealTimers())

const aCache = (bounds: Partial<Parameters<typeof createCache>[0]> = {}) =>
  createCache<string>({ entries: 2, bytes: 100, ...bounds })

describe('a cache', () => {
  it('returns what was set until its time is over, not at that very moment', () => {
    const cache = aCache()
    cache.set('a', 'one', 100)
    vi.advanceTimersByTime(99)
    expect(cache.get('a')).toBe('one')
    vi.advanceTimersByTime(2)
    expect(cache.get('a')).toBeUndefined()
  })

  it('drops the one that was used least recently where there are too many', () => {
    const cache = aCache()
    cache.set('a', 'one', MINUTE)
    cache.set('b', 'two', MINUTE)
    cache.get('a')
    cache.set('c', 'three', MINUTE)
    expect(['a', 'b', 'c'].map(cache.get)).toEqual(['one', undefined, 'three'])
    expect(cache.size()).toBe(2)
  })

  it('drops it where they are too large together', () => {
    const cache = aCache({ entries: 100 })
    cache.set('a', 'one', MINUTE, 60)
    cache.set('b', 'two', MINUTE, 60)
    expect(['a', 'b'].map(cache.get)).toEqual([undefined, 'two'])
  })

  it.each([
    ['too large', MINUTE, 101],
    ['over already', 0, 1],
    ['over long ago', -1, 1],
  ])('keeps nothing that is %s, nor what was there before', (_title, ttlMs, size) => {
    const cache = aCache()
    cache.set('a', 'one', MINUTE)
    cache.set('a', 'two', ttlMs, size)
    expect(cache.get('a')).toBeUndefined()
  })

  it('forgets what is deleted', () => {
    const cache = aCache()
    cache.set('a', 'one', MINUTE)
    cache.delete('a')
    expect(cache.get('a')).toBeUndefined()
  })

  it('stays within its bounds however many keys come', () => {
    const cache = aCache({ entries: 1_000, bytes: 50_000 })
    for (let key = 0; key < 100_000; key += 1) cache.set(String(key), 'value', MINUTE, key % 200)
    expect(cache.size()).toBeLessThanOrEqual(1_000)
  })
})
