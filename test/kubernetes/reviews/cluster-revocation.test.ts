import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { listAt } from '../../../testing/json.ts'
import { held } from './asking.ts'
import {
  account,
  aLegacyToken,
  aToken,
  authenticating,
  BAD,
  GOOD,
  secret,
  WAIT_MS,
} from './authenticating.ts'

beforeEach(() => {
  vi.useFakeTimers()
  vi.advanceTimersByTime(1)
})
afterEach(() => void vi.useRealTimers())

type Made = ReturnType<typeof authenticating>

/** The number of reviews that bypassed the API server's cache. */
const afresh = ({ requests }: Made) =>
  requests.map(({ body }) => listAt(body, 'spec', 'audiences').length > 1)

/** Advances the clock beyond the longest answer time. */
async function allTime<T>(promise: Promise<T>): Promise<T> {
  await vi.advanceTimersByTimeAsync(WAIT_MS)
  return promise
}

describe('a token that was accepted', () => {
  it.each<[title: string, legacy: boolean, change: (made: Made) => void]>([
    [
      'its ServiceAccount is deleted',
      false,
      ({ accounts }) => accounts.accounts.remove('team/reader'),
    ],
    [
      'it is replaced by another of that name',
      false,
      ({ accounts }) => accounts.accounts.put(account('uid-2')),
    ],
    ['its Secret is deleted', true, ({ accounts }) => accounts.secrets.remove('team/token')],
    [
      'its Secret contains another token',
      true,
      ({ accounts }) => accounts.secrets.put(secret('secret-1', '2')),
    ],
    ['it is another Secret', true, ({ accounts }) => accounts.secrets.put(secret('secret-2'))],
  ])(
    'becomes invalid when %s, whatever the API server has cached',
    async (_title, legacy, change) => {
      const made = authenticating()
      made.accounts.secrets.put(secret())
      vi.advanceTimersByTime(20_000)
      const token = legacy ? aLegacyToken() : aToken()
      expect(await made.verdict(token)).toBe('team/reader')
      expect(made.remembered(token)).toBe('team/reader')
      change(made)
      made.answer(({ body }) => (listAt(body, 'spec', 'audiences').length > 1 ? BAD : GOOD))
      expect(await allTime(made.verdict(token))).toBe('invalid-token')
      expect(afresh(made)).toEqual([false, true])
    },
  )

  it('becomes invalid when a Secret is deleted that it is bound to, whatever the API server has cached', async () => {
    const made = authenticating()
    made.accounts.secrets.put(secret())
    vi.advanceTimersByTime(20_000)
    const serviceaccount = { name: 'reader', uid: 'uid-1' }
    const bound = { name: 'token', uid: 'secret-1' }
    const token = aToken({ 'kubernetes.io': { namespace: 'team', serviceaccount, secret: bound } })
    expect(await made.verdict(token)).toBe('team/reader')
    made.accounts.secrets.remove('team/token')
    made.answer(({ body }) => (listAt(body, 'spec', 'audiences').length > 1 ? BAD : GOOD))
    expect(await allTime(made.verdict(token))).toBe('invalid-token')
  })

  it('becomes invalid without its ServiceAccount, even if the API server still accepts it', async () => {
    const made = authenticating()
    const token = aToken()
    await made.verdict(token)
    made.accounts.accounts.remove('team/reader')
    for (let tries = 0; tries < 3; tries += 1) {
      expect(await allTime(made.verdict(token))).toBe('invalid-token')
    }
    expect(made.requests).toHaveLength(4)
  })

  it('becomes valid again as soon as its Secret is recreated with the same token', async () => {
    const made = authenticating(() => BAD)
    const token = aLegacyToken()
    expect(await allTime(made.verdict(token))).toBe('invalid-token')
    made.accounts.secrets.put(secret())
    made.answer(() => GOOD)
    expect(await made.verdict(token)).toBe('team/reader')
  })
})

describe('a look-up that started before a change', () => {
  it.each<[title: string, change: (made: Made) => void, verdict: string]>([
    [
      'of its Secret',
      ({ accounts }) => accounts.secrets.put(secret('secret-1', '2')),
      'team/reader',
    ],
    ['that ends it', ({ accounts }) => accounts.secrets.remove('team/token'), 'invalid-token'],
  ])(
    '%s is answered but not cached, nor shared with later requests',
    async (_title, change, verdict) => {
      const { answer: wait, release } = held()
      const made = authenticating(wait)
      made.accounts.secrets.put(secret())
      const token = aLegacyToken()
      const before = made.verdict(token)
      await vi.advanceTimersByTimeAsync(0)
      change(made)
      made.answer(() => BAD)
      const later = made.verdict(token)
      release(GOOD)
      expect(await allTime(before)).toBe(verdict)
      expect(await later).toBe('invalid-token')
      expect(made.remembered(token)).toBe('invalid-token')
    },
  )

  it('does not replace the result of a later look-up', async () => {
    const { answer: wait, release } = held()
    const made = authenticating(wait)
    made.accounts.secrets.put(secret())
    const token = aLegacyToken()
    const before = made.verdict(token)
    await vi.advanceTimersByTimeAsync(0)
    made.accounts.secrets.put(secret('secret-1', '2'))
    made.answer(() => GOOD)
    expect(await made.verdict(token)).toBe('team/reader')
    release(GOOD)
    await before
    expect(made.remembered(token)).toBe('team/reader')
  })
})

describe('a token whose ServiceAccount was just created', () => {
  const without = (given: Parameters<typeof authenticating>[1] = {}) => {
    const made = authenticating(() => GOOD, given)
    made.accounts.accounts.remove('team/reader')
    return made
  }

  it('is accepted once the watch has seen the ServiceAccount', async () => {
    const made = without()
    const verdict = made.verdict(aToken())
    await vi.advanceTimersByTimeAsync(WAIT_MS - 1)
    made.accounts.accounts.put(account())
    expect(await verdict).toBe('team/reader')
  })

  it('is reviewed once for all who wait, and cached from the next review on', async () => {
    const made = without()
    const token = aToken()
    const asked = Array.from({ length: 100 }, () => made.verdict(token))
    await vi.advanceTimersByTimeAsync(10)
    made.accounts.accounts.put(account())
    expect(new Set(await Promise.all(asked))).toEqual(new Set(['team/reader']))
    expect(made.requests).toHaveLength(1)
    expect(await made.verdict(token)).toBe('team/reader')
    expect(made.remembered(token)).toBe('team/reader')
  })

  it('is refused if the watch does not see it, and nothing is cached', async () => {
    const made = without()
    const token = aToken()
    expect(await allTime(made.verdict(token))).toBe('invalid-token')
    expect(made.remembered(token)).toBeUndefined()
  })

  it('is not refused if the API server took all the time to answer', async () => {
    const { answer, release } = held()
    const made = authenticating(answer)
    made.accounts.accounts.remove('team/reader')
    const verdict = made.verdict(aToken())
    await vi.advanceTimersByTimeAsync(WAIT_MS)
    release(GOOD)
    expect(await allTime(verdict)).toBe('authentication-unavailable')
  })

  it('is not refused while the watch is down: the result is unknown', async () => {
    const made = without({ watching: () => false })
    expect(await allTime(made.verdict(aToken()))).toBe('authentication-unavailable')
  })
})

describe('an opaque token', () => {
  it('is valid as long as the ServiceAccount that the API server names', async () => {
    const made = authenticating()
    expect(await made.verdict('sha256~opaque')).toBe('team/reader')
    expect(made.remembered('sha256~opaque')).toBe('team/reader')
    made.accounts.accounts.remove('team/reader')
    expect(made.remembered('sha256~opaque')).toBeUndefined()
  })

  it('of a user is valid until its TTL ends', async () => {
    const status = { ...GOOD.status, user: { username: 'alice' } }
    const made = authenticating(() => ({ status }))
    expect(await made.verdict('sha256~opaque')).toBe('alice')
    made.accounts.accounts.remove('team/reader')
    expect(made.remembered('sha256~opaque')).toBe('alice')
  })
})
