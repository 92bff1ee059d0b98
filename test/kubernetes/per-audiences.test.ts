import { describe, expect, it } from 'vitest'
import { perAudiences } from '../../src/kubernetes/per-audiences.ts'

const lists = () => perAudiences(['usual'], (audiences) => ({ audiences }))

describe('what is kept per list of audiences', () => {
  it('is the same for the same list in any order', () => {
    const of = lists()
    expect(of(['a', 'b'])).toBe(of(['b', 'a', 'b']))
    expect(of(undefined)).toBe(of(undefined))
  })

  it('is another one for another list', () => {
    const of = lists()
    const made = [undefined, ['usual'], [], ['a'], ['a', 'b'], ['a,b'], ['a","b']].map(of)
    expect(new Set(made).size).toBe(7)
    expect(of(['a'])).toEqual({ audiences: ['a'] })
    expect(of(undefined)).toEqual({ audiences: ['usual'] })
  })

  it('is made again once many others were asked for, but for the installation’s', () => {
    const of = lists()
    const [first, kept, usual] = [of(['first']), of(['kept']), of(undefined)]
    for (let other = 0; other < 100; other += 1) {
      of([`other-${other}`])
      of(['kept'])
    }
    expect(of(['kept'])).toBe(kept)
    expect(of(undefined)).toBe(usual)
    expect(of(['first'])).not.toBe(first)
  })
})
