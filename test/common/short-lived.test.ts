import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createShortLived } from '../../src/common/short-lived.ts'
import { aMember, promotedBytes } from '../../testing/old-space.ts'

describe('a map of short-lived entries', () => {
  it('does what a Map does', () => {
    const step = fc.tuple(
      fc.constantFrom('set', 'delete', 'get'),
      // Some of them share a bucket.
      fc.nat(2_000).map((number) => `key ${number % 700}`),
    )
    fc.assert(
      fc.property(fc.array(step, { maxLength: 400 }), (steps) => {
        const [map, like] = [createShortLived<number>(), new Map<string, number>()]
        for (const [at, [kind, key]] of steps.entries()) {
          if (kind === 'set') {
            map.set(key, at)
            like.set(key, at)
          } else if (kind === 'delete') {
            map.delete(key)
            like.delete(key)
          }
          expect(map.get(key)).toBe(like.get(key))
        }
      }),
    )
  })

  it('keeps nothing alive that was deleted', () => {
    const map = createShortLived<object>()
    const add = (number: number) => {
      map.set(String(number), aMember())
      return String(number)
    }
    expect(promotedBytes(add, map.delete)).toBeLessThan(200_000)
  })
})
