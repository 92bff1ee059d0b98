import { describe, expect, it } from 'vitest'
import { createIntern } from '../../src/common/interning.ts'

describe('interning', () => {
  it('returns the first of equal values', () => {
    const intern = createIntern<readonly string[]>()
    const first = intern('["a"]', ['a'])
    expect(intern('["a"]', ['a'])).toBe(first)
    expect(intern('["b"]', ['b'])).toEqual(['b'])
  })

  it('forgets when it is full, and keeps working', () => {
    const intern = createIntern<{ readonly of: number }>({ values: 2, length: 8 })
    const first = intern('0', { of: 0 })
    for (const number of [1, 2, 3]) intern(String(number), { of: number })
    expect(intern('0', { of: 0 })).not.toBe(first)
    expect(intern('0', { of: 0 })).toEqual(first)
  })

  it('does not remember long values', () => {
    const intern = createIntern<object>({ values: 2, length: 8 })
    const long = 'a value of many letters'
    expect(intern(long, {})).not.toBe(intern(long, {}))
  })
})
