import { describe, expect, it } from 'vitest'
import { createTokenBucket } from '../../src/common/token-bucket.ts'

const LIMITS = { burst: 2, perSecond: 10 }

describe('a token bucket', () => {
  it('starts full and loses the tokens that are taken', () => {
    const bucket = createTokenBucket(LIMITS, 5_000)
    expect(bucket.left(5_000)).toBe(2)
    bucket.take()
    expect(bucket.left(5_000)).toBe(1)
    bucket.take()
    expect(bucket.left(5_000)).toBe(0)
  })

  it('refills over time up to its capacity', () => {
    const bucket = createTokenBucket(LIMITS, 0)
    bucket.take()
    bucket.take()
    expect(bucket.left(50)).toBe(0.5)
    expect(bucket.left(100)).toBe(1)
    expect(bucket.left(3_600_000)).toBe(2)
  })

  it('gives tokens back, up to its capacity', () => {
    const bucket = createTokenBucket(LIMITS, 0)
    bucket.take(2)
    bucket.give(1)
    expect(bucket.left(0)).toBe(1)
    bucket.give(5)
    expect(bucket.left(0)).toBe(2)
  })

  it('is not affected by a clock that goes back, and refills afterwards', () => {
    const bucket = createTokenBucket(LIMITS, 10_000)
    bucket.take()
    expect(bucket.left(0)).toBe(1)
    expect(bucket.left(100)).toBe(2)
  })
})
