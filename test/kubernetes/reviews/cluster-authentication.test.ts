import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Asker } from '../../../src/access/identify.ts'
import { createCache } from '../../../src/common/cache.ts'
import { CACHE_PERIODS } from '../../../src/common/cache-periods.ts'
import { ApiError } from '../../../src/kubernetes/client/api-server.ts'
import {
  createSharedTokenCache,
  type SharedTokenCache,
} from '../../../src/kubernetes/reviews/shared-token-cache.ts'
import { UNWATCHED } from '../../../src/kubernetes/reviews/token-owners.ts'
import { held } from './asking.ts'
import { ASKER, aToken, authenticating, BAD, GOOD, ISSUER } from './authenticating.ts'

beforeEach(() => {
  vi.useFakeTimers()
  vi.advanceTimersByTime(1)
})
afterEach(() => void vi.useRealTimers())

const turn = () => vi.advanceTimersByTimeAsync(0)

describe('a token', () => {
  it('that was accepted is cached for its TTL', async () => {
    const { verdict, remembered, requests } = authenticating()
    const token = aToken()
    expect(await verdict(token)).toBe('team/reader')
    vi.advanceTimersByTime(59_999)
    expect(remembered(token)).toBe('team/reader')
    expect(requests.length).toBeGreaterThan(0)
    await vi.advanceTimersByTimeAsync(60_001)
    expect(remembered(token)).toBeUndefined()
  })

  it('that was accepted is cached until it expires, if that is sooner', async () => {
    const { verdict, remembered } = authenticating()
    const token = aToken({ exp: Math.floor(Date.now() / 1_000) + 10 })
    expect(await verdict(token)).toBe('team/reader')
    vi.advanceTimersByTime(8_000)
    expect(remembered(token)).toBe('team/reader')
    vi.advanceTimersByTime(3_000)
    expect(remembered(token)).toBe('expired-token')
  })

  it('that was refused is cached for a short time', async () => {
    const { verdict, remembered, answer } = authenticating(() => BAD)
    const token = aToken()
    expect(await verdict(token)).toBe('invalid-token')
    answer(() => GOOD)
    vi.advanceTimersByTime(4_999)
    expect(remembered(token)).toBe('invalid-token')
    vi.advanceTimersByTime(2)
    expect(await verdict(token)).toBe('team/reader')
  })

  it.each([
    ['an outage', () => Promise.reject(new Error('connect ECONNREFUSED'))],
    ['a status of 500', () => Promise.reject(new ApiError(500))],
    ['a status of 401', () => Promise.reject(new ApiError(401))],
    ['an answer without a result', () => ({ status: 'Failure' })],
    ['a fault behind the API server', () => ({ status: { error: 'Post "https://x": EOF' } })],
  ])('is cached neither as valid nor as invalid after %s', async (_title, fault) => {
    const { verdict, answer } = authenticating(fault)
    const token = aToken()
    expect(await verdict(token)).toBe('authentication-unavailable')
    answer(() => GOOD)
    expect(await verdict(token)).toBe('team/reader')
  })

  it('is cached under a keyed digest, without its text', async () => {
    const kept: unknown[] = []
    const { verdict } = authenticating(undefined, {
      createCache: (bounds) => {
        const cache = createCache<unknown>(bounds)
        const set: typeof cache.set = (...given) => {
          kept.push(given)
          cache.set(...given)
        }
        return { ...createCache(bounds), set }
      },
    })
    const token = aToken()
    await verdict(token)
    expect(kept).toMatchObject([
      [/^keyed [0-9a-f]{64}$/, {}, 60_000, { size: expect.any(Number), holder: 'team' }],
    ])
    for (const part of token.split('.')) expect(JSON.stringify(kept)).not.toContain(part)
  })

  it('gives the same caller object again after a refresh, so that derived data stays valid', async () => {
    const { ask, requests } = authenticating()
    const token = aToken()
    const first = await ask(token)
    vi.advanceTimersByTime(50_000)
    await ask(token)
    await turn()
    vi.advanceTimersByTime(30_000)
    expect(ask(token)).toBe(first)
    expect(requests).toHaveLength(2)
  })

  it.each([
    ['any text', 'a-mistyped-key', 'foreign'],
    ["another issuer's", aToken({ iss: 'https://elsewhere' }), 'foreign'],
    ['one for another audience', aToken({ aud: ['x'] }), 'wrong-audience'],
    ['one that has expired', aToken({ exp: 1 }), 'expired-token'],
  ])('that cannot be valid is never reviewed: %s', async (_title, token, verdict) => {
    const made = authenticating()
    expect(await made.verdict(token)).toBe(verdict)
    expect(made.requests).toEqual([])
  })

  it('is refused if the API server names another user than the token', async () => {
    const status = { ...GOOD.status, user: { username: 'system:serviceaccount:team:admin' } }
    expect(await authenticating(() => ({ status })).verdict(aToken())).toBe('invalid-token')
  })
})

describe('concurrent requests with a token', () => {
  it('share one review', async () => {
    const { answer: wait, release } = held()
    const { verdict, requests, counts } = authenticating(wait)
    const token = aToken()
    const asked = Array.from({ length: 1_000 }, () => verdict(token))
    await turn()
    release(GOOD)
    expect(new Set(await Promise.all(asked))).toEqual(new Set(['team/reader']))
    expect(requests).toHaveLength(1)
    expect(counts()).toEqual({ cache: 'token', entries: 1, hits: 0, misses: 1_000 })
  })

  it('share one review, even if the result is not cached', async () => {
    const { answer: wait, release } = held()
    const { verdict, requests } = authenticating(wait)
    const token = aToken()
    const asked = Array.from({ length: 100 }, () => verdict(token))
    await turn()
    release('nothing readable')
    expect(new Set(await Promise.all(asked))).toEqual(new Set(['authentication-unavailable']))
    expect(requests).toHaveLength(1)
  })

  it('share one review, even if the answer arrives during a verification', async () => {
    const { answer: wait, release } = held()
    const looks: (() => void)[] = []
    const { verdict, requests } = authenticating(wait, {
      signatureOf: () => new Promise((resolve) => looks.push(() => resolve('signed'))),
    })
    const token = aToken()
    const first = verdict(token)
    looks.shift()?.()
    await turn()
    const late = verdict(token)
    release(GOOD)
    expect(await first).toBe('team/reader')
    looks.shift()?.()
    expect(await late).toBe('team/reader')
    expect(requests).toHaveLength(1)
  })

  it('are answered and the result cached, although the first of them is cancelled', async () => {
    const { answer: wait, release } = held()
    const { ask, verdict, remembered } = authenticating(wait)
    const token = aToken()
    const first = Promise.race([Promise.resolve(ask(token)), Promise.resolve('gave up')])
    expect(await first).toBe('gave up')
    const second = verdict(token)
    await turn()
    release(GOOD)
    expect(await second).toBe('team/reader')
    expect(remembered(token)).toBe('team/reader')
  })

  it('do not wait longer than a call may last', async () => {
    const { verdict } = authenticating(() => new Promise(() => {}), { limits: { callMs: 50 } })
    vi.useRealTimers()
    expect(await verdict(aToken())).toBe('authentication-unavailable')
  })
})

describe('tokens for several lists of audiences', () => {
  const listed = (
    audiences: readonly string[],
    memory: SharedTokenCache,
    reviewed: string[] = audiences.slice(),
  ) =>
    authenticating(() => ({ status: { ...GOOD.status, audiences: reviewed } }), {
      memory,
      audiences,
      opaquePrefixes: ['sha256~'],
    })
  const aMemory = () => createSharedTokenCache(createCache, UNWATCHED, CACHE_PERIODS)

  it('are cached for each list separately, in any order of its names', async () => {
    const memory = aMemory()
    const [usual, own, same] = [
      listed([ISSUER], memory),
      listed(['own', ISSUER], memory, []),
      listed([ISSUER, ISSUER], memory),
    ]
    expect(await usual.verdict('sha256~token')).toBe('team/reader')
    expect(await own.verdict('sha256~token')).toBe('wrong-audience')
    expect(same.remembered('sha256~token')).toBe('team/reader')
    expect(memory.counts()).toEqual({ cache: 'token', entries: 2, hits: 1, misses: 2 })
  })

  it('share one cache, bounded for all lists together, and fair between namespaces', async () => {
    const memory = aMemory()
    const of = (namespace: string): Asker => ({
      ...ASKER,
      service: { ...ASKER.service, namespace },
    })
    const usual = listed([ISSUER], memory)
    await usual.verdict('sha256~team', of('team'))
    for (let list = 0; list < 40; list += 1) {
      const own = listed([`list-${list}`], memory)
      for (let token = 0; token < 400; token += 1) await own.ask(`sha256~${token}`, of('evil'))
    }
    expect(memory.counts().entries).toBeLessThanOrEqual(12_000)
    expect(memory.counts().entries).toBeGreaterThan(9_000)
    expect(usual.remembered('sha256~team')).toBe('team/reader')
  })
})
