import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { type Authentication, known, refused } from '../../../src/access/authentication.ts'
import { createCache } from '../../../src/common/cache.ts'
import { CACHE_PERIODS } from '../../../src/common/cache-periods.ts'
import { ApiError } from '../../../src/kubernetes/client/api-server.ts'
import { createTokenCache } from '../../../src/kubernetes/reviews/token-cache.ts'
import { createTokenOwners } from '../../../src/kubernetes/reviews/token-owners.ts'
import { aCaller } from '../../../testing/builders.ts'
import { at } from '../../../testing/json.ts'
import { aToken, authenticating, BAD, GOOD, ISSUER } from './authenticating.ts'

beforeEach(() => {
  vi.useFakeTimers()
  vi.advanceTimersByTime(1)
})
afterEach(() => void vi.useRealTimers())

const turn = () => vi.advanceTimersByTimeAsync(0)

it('a result replaces the one before, whichever it was', () => {
  const accounts = createTokenOwners([])
  const cache = createTokenCache(createCache, accounts, CACHE_PERIODS)
  const lifetime = { binding: undefined, expiresAt: undefined }
  const keep = (authentication: Authentication) => {
    const about = { authentication, lifetime, held: accounts.hold(undefined), isSigned: true }
    cache.keep('digest', about, 'team')
    return [cache.size(), cache.find('digest')?.authentication.kind]
  }
  expect(keep(refused({ cause: 'refused-by-issuer' }))).toEqual([1, 'rejected'])
  expect(keep(known(aCaller()))).toEqual([1, 'known'])
  expect(keep(refused({ cause: 'refused-by-issuer' }))).toEqual([1, 'rejected'])
})

describe('a token in use', () => {
  it('is refreshed before its TTL ends, without a wait', async () => {
    const { verdict, remembered, requests } = authenticating()
    const token = aToken()
    await verdict(token)
    for (let second = 0; second < 600; second += 1) {
      await vi.advanceTimersByTimeAsync(1_000)
      expect(remembered(token)).toBe('team/reader')
    }
    expect(requests.length).toBeGreaterThan(10)
    expect(requests.length).toBeLessThan(20)
  })

  const ofAdmin = { ...GOOD.status, user: { username: 'system:serviceaccount:team:admin' } }

  it.each([
    ['it is refused', BAD],
    ['it belongs to another user', { status: ofAdmin }],
  ])('is refused as soon as the refresh shows that %s', async (_title, now) => {
    const { verdict, remembered, answer } = authenticating()
    const token = aToken()
    await verdict(token)
    answer(() => now)
    vi.advanceTimersByTime(46_000)
    expect(remembered(token)).toBe('team/reader')
    await turn()
    expect(remembered(token)).toBe('invalid-token')
  })

  it('is valid until its TTL ends if the API server is unavailable, which is not called too often', async () => {
    const { verdict, remembered, answer, requests } = authenticating()
    const token = aToken()
    await verdict(token)
    answer(() => Promise.reject(new ApiError(500)))
    for (let second = 0; second < 59; second += 1) {
      await vi.advanceTimersByTimeAsync(1_000)
      expect(remembered(token)).toBe('team/reader')
    }
    await vi.advanceTimersByTimeAsync(1_001)
    expect(await verdict(token)).toBe('authentication-unavailable')
    expect(requests.length).toBeLessThan(10)
  })

  it('that expires is not refreshed', async () => {
    const { verdict, remembered, requests } = authenticating()
    const token = aToken({ exp: Math.floor(Date.now() / 1_000) + 50 })
    await verdict(token)
    await vi.advanceTimersByTimeAsync(48_000)
    expect(remembered(token)).toBe('team/reader')
    expect(requests).toHaveLength(1)
  })
})

describe('the cache', () => {
  it('stays within its bounds however many tokens arrive, and invalid ones do not evict valid ones', async () => {
    const good = Array.from({ length: 100 }, () => aToken())
    const isGood = new Set(good)
    const { verdict, remembered, counts } = authenticating((request) =>
      isGood.has(String(at(request.body, 'spec', 'token'))) ? GOOD : BAD,
    )
    await Promise.all(good.map((token) => verdict(token)))
    for (let sent = 0; sent < 4_000; sent += 1) await verdict(aToken({ aud: [ISSUER] }))
    expect(counts().entries).toBe(2_100)
    expect(new Set(good.map(remembered))).toEqual(new Set(['team/reader']))
  })
})
