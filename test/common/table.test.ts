import { describe, expect, it } from 'vitest'
import { createTable } from '../../src/common/table.ts'

/** Words, indexed by each of their letters. */
const aTable = (...words: readonly (readonly [id: string, word: string])[]) => {
  const table = createTable<string>((word) => word.split(''))
  for (const [id, word] of words) table.put(id, word)
  return table
}

describe('a table', () => {
  it('finds a value by each of its keys', () => {
    const table = aTable(['1', 'ab'])
    expect(table.find('a')).toEqual(['ab'])
    expect(table.find('b')).toEqual(['ab'])
    expect(table.find('c')).toEqual([])
  })

  it('finds all values of a key in insertion order', () => {
    const table = aTable(['2', 'ax'], ['1', 'ay'], ['3', 'bz'])
    expect(table.find('a')).toEqual(['ax', 'ay'])
  })

  it('removes the old keys of a value that is put again', () => {
    const table = aTable(['1', 'ab'])
    expect(table.find('a')).toEqual(['ab'])
    table.put('1', 'bc')
    expect(table.find('a')).toEqual([])
    expect(table.find('b')).toEqual(['bc'])
    expect(table.find('c')).toEqual(['bc'])
    expect(table.size()).toBe(1)
  })

  it('removes only what is removed', () => {
    const table = aTable(['1', 'ab'], ['2', 'ac'])
    expect(table.find('a')).toEqual(['ab', 'ac'])
    table.remove('1')
    expect(table.find('a')).toEqual(['ac'])
    expect(table.find('b')).toEqual([])
    expect(table.get('1')).toBeUndefined()
  })

  it('accepts the removal of a missing value', () => {
    const table = aTable(['1', 'ab'])
    table.remove('2')
    table.remove('2')
    expect([...table.values()]).toEqual(['ab'])
  })

  it('finds a value that names a key twice only once, and removes it', () => {
    const table = aTable(['1', 'aa'], ['2', 'ab'])
    expect(table.find('a')).toEqual(['aa', 'ab'])
    table.remove('1')
    expect(table.find('a')).toEqual(['ab'])
  })

  it('returns the same list until a value is added or removed, also for one value', () => {
    const table = aTable(['1', 'ab'], ['2', 'b'])
    const [one, both] = [table.find('a'), table.find('b')]
    expect([table.find('a'), table.find('b')].every((list, at) => list === [one, both][at])).toBe(
      true,
    )
    table.put('3', 'b')
    expect(table.find('a')).toBe(one)
    expect(table.find('b')).not.toBe(both)
  })

  it('finds the same once as always', () => {
    const table = aTable(['1', 'ab'], ['2', 'b'])
    for (const key of ['a', 'b', 'c']) expect(table.findOnce(key)).toEqual(table.find(key))
  })

  it('does not change results it has returned', () => {
    const table = aTable(['1', 'a'])
    const before = table.find('a')
    table.put('2', 'a')
    expect(before).toEqual(['a'])
    expect(table.find('a')).toEqual(['a', 'a'])
  })

  it.each(['__proto__', 'constructor', 'tostring', ''])('accepts %j as an identity', (id) => {
    const table = aTable(['1', 'a'])
    expect(table.get(id)).toBeUndefined()
    expect(table.find(id)).toEqual([])
    table.put(id, 'ab')
    expect(table.get(id)).toBe('ab')
    expect(table.find('a')).toEqual(['a', 'ab'])
  })
})
