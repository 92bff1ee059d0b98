import { describe, expect, it } from 'vitest'
import { createSingleFlight } from '../../src/common/single-flight.ts'

describe('calls with the same key', () => {
  it('share one call while it runs, and start another afterwards', async () => {
    const { join } = createSingleFlight<number>()
    let made = 0
    const call = async () => {
      made += 1
      return made
    }
    expect(await Promise.all([join('a', call), join('a', call), join('b', call)])).toEqual([
      1, 1, 2,
    ])
    expect(await join('a', call)).toBe(3)
  })

  it('fail together, and the next call tries again', async () => {
    const { join, underWay } = createSingleFlight<string>()
    const failing = () => Promise.reject(new Error('broken'))
    const both = [join('a', failing), join('a', failing)]
    for (const call of both) await expect(call).rejects.toThrow('broken')
    expect(underWay('a')).toBeUndefined()
    expect(await join('a', async () => 'well')).toBe('well')
  })
})
