import { describe, expect, it } from 'vitest'
import { approximateBytes } from '../../src/common/json-size.ts'

describe('the approximate size of a value', () => {
  it.each([
    ['nothing', undefined, 0],
    ['null', null, 24],
    ['a number', 7, 24],
    ['a text', 'abc', 27],
    ['a list', ['abc', 'd'], 24 + 27 + 25],
    ['an object', { a: 'abc', b: { c: [1, null, undefined] } }, 24 + 27 + 24 + 24 + 3 * 24],
    ['an object of a class, which may be shared', new Map([['a', 'abc']]), 24],
  ])('of %s', (_, value, bytes) => {
    expect(approximateBytes(value)).toBe(bytes)
  })

  it('is known for any depth', () => {
    const depth = 100_000
    expect(approximateBytes(JSON.parse(`${'['.repeat(depth)}${']'.repeat(depth)}`))).toBe(
      24 * depth,
    )
  })
})
