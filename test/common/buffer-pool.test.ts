import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createBufferPool } from '../../src/common/buffer-pool.ts'

describe('a pool of buffers', () => {
  it('gives a buffer that is long enough, and at most twice as long', () => {
    const { take } = createBufferPool({ least: 16, most: 1_024 })
    fc.assert(
      fc.property(fc.nat(100_000), (length) => {
        const buffer = take(length)
        expect(buffer.length).toBeGreaterThanOrEqual(length)
        expect(buffer.length).toBeLessThanOrEqual(Math.max(16, 2 * length))
        expect(buffer.buffer.byteLength).toBe(buffer.length)
      }),
    )
  })

  it('gives no buffer shorter than the least', () => {
    expect(createBufferPool({ least: 16, most: 1_024 }).take(1)).toHaveLength(16)
  })

  it('gives the same buffer again, and to one user only', () => {
    const pool = createBufferPool({ least: 16, most: 1_024 })
    const first = pool.take(100)
    expect(pool.take(100)).not.toBe(first)
    pool.give(first)
    expect(pool.free()).toBe(128)
    expect(pool.take(60)).not.toBe(first)
    expect(pool.take(65)).toBe(first)
    expect(pool.free()).toBe(0)
    expect(pool.take(65)).not.toBe(first)
  })

  it('keeps no more bytes than it may', () => {
    const pool = createBufferPool({ least: 16, most: 1_024 })
    for (const buffer of [512, 256, 512, 256, 1_024].map(pool.take)) pool.give(buffer)
    expect(pool.free()).toBe(1_024)
  })
})
