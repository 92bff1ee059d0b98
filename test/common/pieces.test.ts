import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createJoin, cut, MAX_PIECE, sendable } from '../../src/common/pieces.ts'
import { hasMoreThan } from '../../src/resources/object.ts'

/** What arrives of these values, and the pieces. */
function handedOver(values: readonly unknown[]) {
  const pieces = [...cut(values)].map(({ piece }) => piece)
  const arrived: unknown[] = []
  const join = createJoin((value) => void arrived.push(value))
  for (const piece of pieces) join(structuredClone(sendable(piece)))
  return { pieces, arrived }
}

/** Repeats a value in lists and maps, until most are too large to be handed over whole. */
const large = (value: unknown, times: number): unknown => ({
  list: Array.from({ length: times }, (_, index) => [index, value]),
  map: Object.fromEntries(Array.from({ length: times }, (_, index) => [`k${index}`, value])),
})

const deep = (depth: number): unknown => {
  let value: unknown = 'inside'
  for (let level = 0; level < depth; level += 1) value = level % 2 === 0 ? [value] : { value }
  return value
}

describe('values that are cut into pieces and joined', () => {
  it('are the same values', () => {
    fc.assert(
      fc.property(fc.array(fc.jsonValue()), fc.integer({ min: 1, max: 400 }), (values, times) => {
        const all = [...values, large(values, times)]
        expect(handedOver(all).arrived).toEqual(all)
      }),
      { numRuns: 20 },
    )
  })

  it('have fields of any name', () => {
    const value = large(JSON.parse('{"__proto__": {"admin": true}, "constructor": 1}'), 2_000)
    const named = JSON.parse(`{"__proto__": ${JSON.stringify(value)}, "1": 2, "": 3}`)
    const [arrived] = handedOver([named]).arrived
    expect(JSON.stringify(arrived)).toBe(JSON.stringify(named))
  })

  it('are the same values, which JSON has not all', () => {
    const numbers = [undefined, Number.NaN, Number.POSITIVE_INFINITY, -0, 0, 1e-7, 2 ** 60]
    expect(handedOver([numbers, ...numbers]).arrived).toEqual([numbers, ...numbers])
  })

  it('are sent as JSON, except long texts', () => {
    const kinds = [[{ a: 1 }], ['a'.repeat(1_024)], ['a'.repeat(1_025)]].map((values) =>
      [...cut(values)].map(({ piece }) => typeof sendable(piece)),
    )
    expect(kinds).toEqual([['string'], ['string'], ['object']])
  })

  it.each([
    ['a list', Array.from({ length: 100_000 }, () => 1)],
    ['empty maps', Array.from({ length: 100_000 }, () => ({}))],
    ['a map', Object.fromEntries(Array.from({ length: 100_000 }, (_, index) => [index, 'a']))],
    ['lists of lists', large(large('a', 300), 300)],
    ['deep nesting', deep(100_000)],
  ])('are never handed over in a larger piece than the most: %s', (_title, value) => {
    const { pieces } = handedOver([value])
    expect(pieces.filter((piece) => hasMoreThan(3 * MAX_PIECE, piece))).toEqual([])
  })

  it('are whole if they are small, whatever is beside them', () => {
    const small = [{ metadata: { name: 'a' } }, 'text', null, [1, 2]]
    const { pieces } = handedOver([small[0], large('a', 2_000), ...small.slice(1)])
    expect(pieces[0]).toMatchObject({ values: [small[0]] })
    expect(pieces.at(-1)).toMatchObject({ values: small.slice(1) })
  })

  it('are at most 32 in a piece', () => {
    const { pieces } = handedOver(Array.from({ length: 320 }, (_, index) => index))
    expect(pieces).toHaveLength(10)
  })

  it('cost as much as their fields, elements and characters', () => {
    const costOf = (value: unknown) => [...cut([value])].reduce((sum, { cost }) => sum + cost, 0)
    expect(costOf('a'.repeat(128_000))).toBeGreaterThan(1_000)
    expect(costOf({ ['a'.repeat(128_000)]: 1 })).toBeGreaterThan(1_000)
    expect(costOf(Array.from({ length: 500 }, () => ['a', 1]))).toBeGreaterThan(1_500)
  })
})
