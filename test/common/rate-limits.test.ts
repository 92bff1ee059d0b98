import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import {
  type Allowances,
  createRateLimits,
  type Holders,
  MAX_HOLDERS,
} from '../../src/common/rate-limits.ts'

const LARGE = { burst: 1_000_000, perSecond: 1 }

const theBudgets = (given: Partial<Allowances> = {}) =>
  createRateLimits({ perService: LARGE, perTenant: LARGE, perProxy: LARGE, inAll: LARGE, ...given })

const asker = (service = 'iris', proxy = '10.0.0.1'): Holders => ({
  service,
  tenant: 'team',
  proxy,
})

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

describe('a rate limit', () => {
  it('of a service is exhausted by that service only', () => {
    const take = theBudgets({ perService: { burst: 2, perSecond: 1 } })
    const taken = ['iris', 'iris', 'iris', 'fraud'].map((name) => take(asker(name)))
    expect(taken).toEqual([undefined, undefined, 'service', undefined])
  })

  it('of a namespace is exhausted by all its services, and by no other namespace', () => {
    const take = theBudgets({ perTenant: { burst: 2, perSecond: 1 } })
    const taken = ['iris', 'wine', 'fraud'].map((name) => take(asker(name)))
    expect(taken).toEqual([undefined, undefined, 'tenant'])
    expect(take({ ...asker('iris'), tenant: 'other' })).toBeUndefined()
  })

  it('of a proxy is exhausted by that proxy only', () => {
    const take = theBudgets({ perProxy: { burst: 1, perSecond: 1 } })
    const taken = ['10.0.0.1', '10.0.0.1', '10.0.0.2'].map((proxy) => take(asker('iris', proxy)))
    expect(taken).toEqual([undefined, 'proxy', undefined])
  })

  it('for everything is exhausted by all together', () => {
    const take = theBudgets({ inAll: { burst: 1, perSecond: 1 } })
    expect(take(asker('iris', '10.0.0.1'))).toBeUndefined()
    expect(take(asker('fraud', '10.0.0.2'))).toBe('all')
  })

  it('is not charged if another one refuses', () => {
    const take = theBudgets({
      perService: { burst: 1, perSecond: 0 },
      inAll: { burst: 2, perSecond: 0 },
    })
    for (let tries = 0; tries < 10; tries += 1) take(asker('iris'))
    expect(take(asker('fraud'))).toBeUndefined()
  })

  it('of one more than may be counted is free once a second, when those that are full are forgotten', () => {
    const take = theBudgets({ perService: { burst: 1, perSecond: 1_000 } })
    for (let index = 0; index < MAX_HOLDERS; index += 1) take(asker(`s-${index}`))
    expect(take(asker('other'))).toBe('service')
    vi.advanceTimersByTime(999)
    expect(take(asker('other'))).toBe('service')
    vi.advanceTimersByTime(1)
    expect(take(asker('other'))).toBeUndefined()
  })

  it('comes back with time, and no further than it was', () => {
    const take = theBudgets({ perService: { burst: 2, perSecond: 10 } })
    const takeAll = () => {
      let taken = 0
      while (take(asker()) === undefined) taken += 1
      return taken
    }
    expect(takeAll()).toBe(2)
    vi.advanceTimersByTime(100)
    expect(takeAll()).toBe(1)
    vi.advanceTimersByTime(3_600_000)
    expect(takeAll()).toBe(2)
  })

  it('is shared by all requests without a proxy', () => {
    const take = theBudgets({ perProxy: { burst: 1, perSecond: 0 } })
    expect(take({ ...asker(), proxy: '' })).toBeUndefined()
    expect(take({ ...asker(), proxy: '' })).toBe('proxy')
  })

  it('is kept for a bounded number of keys, and known keys keep theirs', () => {
    const take = theBudgets({ perProxy: { burst: 2, perSecond: 1 } })
    for (let proxy = 0; proxy < 10_000; proxy += 1) take(asker('iris', `proxy-${proxy}`))
    expect(take(asker('iris', 'one-too-many'))).toBe('proxy')
    expect(take(asker('iris', 'proxy-7'))).toBeUndefined()
    vi.advanceTimersByTime(5_000)
    expect(take(asker('iris', 'one-too-many'))).toBeUndefined()
  })
})
