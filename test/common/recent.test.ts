import { describe, expect, it } from 'vitest'
import { createRecent } from '../../src/common/recent.ts'

const numbers = (count: number) => Array.from({ length: count }, (_, index) => index)

describe('recent values', () => {
  it('are found by their key', () => {
    const recent = createRecent<string, number>({ entries: 4 })
    recent.set('a', 1)
    recent.set('b', 2)
    expect([recent.get('a'), recent.get('b'), recent.get('c')]).toEqual([1, 2, undefined])
    expect(recent.counts()).toEqual({ entries: 2, hits: 2, misses: 1 })
  })

  it('are never more than the bound', () => {
    const recent = createRecent<number, number>({ entries: 10 })
    for (const number of numbers(1_000)) {
      recent.set(number, number)
      expect(recent.counts().entries).toBeLessThanOrEqual(10)
    }
    expect(numbers(1_000).filter((number) => recent.get(number) !== undefined)).toContain(999)
  })

  it('are never larger together than the bound', () => {
    const recent = createRecent<number, number>({ entries: 1_000, bytes: 100 })
    for (const number of numbers(1_000)) recent.set(number, number, 10)
    expect(recent.counts().entries).toBeLessThanOrEqual(10)
    expect(recent.get(999)).toBe(999)
  })

  it('stay while they are used', () => {
    const recent = createRecent<number, number>({ entries: 10 })
    recent.set(0, 0)
    for (const number of numbers(1_000)) {
      recent.set(number + 1, number)
      expect(recent.get(0)).toBe(0)
    }
  })

  it('are counted once, although a used one is in both halves', () => {
    const recent = createRecent<number, number>({ entries: 4 })
    recent.set(0, 0)
    recent.set(1, 1)
    expect(recent.get(0)).toBe(0)
    expect(recent.counts().entries).toBe(2)
  })

  it('are replaced, with their size', () => {
    const recent = createRecent<string, number>({ entries: 10, bytes: 100 })
    for (const number of numbers(50)) recent.set('a', number, 40)
    recent.set('b', 1, 9)
    expect([recent.get('a'), recent.get('b')]).toEqual([49, 1])
  })

  it('drop nothing for a value that is too large to keep', () => {
    const recent = createRecent<string, number>({ entries: 10, bytes: 100 })
    recent.set('a', 1, 40)
    recent.set('b', 2, 51)
    expect([recent.get('a'), recent.get('b')]).toEqual([1, undefined])
  })
})
