import { describe, expect, it } from 'vitest'
import { deadlineOf } from '../../src/envoy/grpc-timeout.ts'

const NOW = 1_000_000
const deadline = (timeout: string | readonly string[] | undefined) => deadlineOf(timeout, () => NOW)

describe('a grpc-timeout', () => {
  it.each([
    ['1H', 3_600_000],
    ['2M', 120_000],
    ['3S', 3_000],
    ['500m', 500],
    ['250000u', 250],
    ['2000000n', 2],
    ['0m', 0],
    ['99999999S', 99_999_999_000],
  ])('of %s is %d ms from now', (timeout, ms) => {
    expect(deadline(timeout)).toBe(NOW + ms)
  })

  it('that is absent is no deadline', () => {
    expect(deadline(undefined)).toBe(Number.POSITIVE_INFINITY)
  })

  it.each([
    '',
    'm',
    '1',
    '1s',
    '1 m',
    ' 1m',
    '1m ',
    '-1m',
    '1.5S',
    '+1S',
    '123456789m',
    '0x1m',
    '1m,2m',
    ['1m'],
  ])('of %j is not valid', (timeout) => {
    expect(deadline(timeout)).toBeUndefined()
  })
})
