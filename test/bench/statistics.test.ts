import { describe, expect, it } from 'vitest'
import { median, quantile, ratios, spread } from '../../bench/measure/statistics.ts'

describe('the median', () => {
  it.each([
    ['of an odd count is the middle value', [9, 1, 5], 5],
    ['of an even count is between the two middle values', [1, 2, 4, 100], 3],
    ['of one value is that value', [7], 7],
  ])('%s', (_title, values, expected) => {
    expect(median(values)).toBe(expected)
  })

  it('of nothing is NaN', () => {
    expect(median([])).toBeNaN()
  })
})

describe('a quantile', () => {
  const hundred = Array.from({ length: 100 }, (_, index) => 100 - index)

  it.each([
    [0.5, 50],
    [0.99, 99],
    [1, 100],
    [0, 1],
  ])('%d of 1 to 100 is %d', (share, expected) => {
    expect(quantile(hundred, share)).toBe(expected)
  })

  it('does not reorder its values', () => {
    const values = [3, 1, 2]
    quantile(values, 0.5)
    expect(values).toEqual([3, 1, 2])
  })
})

it('a spread has the minimum and the maximum', () => {
  expect(spread([4, 2, 9])).toEqual({ median: 4, min: 2, max: 9 })
})

it('ratios compare adjacent values', () => {
  expect(ratios([8, 9], [10, 12])).toEqual([0.8, 0.75])
})
