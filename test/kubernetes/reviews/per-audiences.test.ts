import { describe, expect, it } from 'vitest'
import { nameOfAudiences, perAudiences } from '../../../src/kubernetes/reviews/per-audiences.ts'

describe('a value per list of audiences', () => {
  it('is created once for a list, and once for the default', () => {
    let made = 0
    const of = perAudiences(['usual'], (audiences) => {
      made += 1
      return { audiences }
    })
    const list = ['a', 'b']
    for (let times = 0; times < 100; times += 1) {
      expect(of(list)).toEqual({ audiences: list })
      expect(of(undefined)).toEqual({ audiences: ['usual'] })
    }
    expect(made).toBe(2)
  })

  it('has the same name for the same list in any order', () => {
    expect(nameOfAudiences(['a', 'b'])).toBe(nameOfAudiences(['b', 'a', 'b']))
  })

  it('has another name for another list', () => {
    const lists = [['usual'], [], ['a'], ['a', 'b'], ['a,b'], ['a","b']]
    expect(new Set(lists.map(nameOfAudiences)).size).toBe(lists.length)
  })
})
