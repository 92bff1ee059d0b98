import { describe, expect, it } from 'vitest'
import type { Asker } from '../../../src/access/identify.ts'
import { createRateLimits } from '../../../src/common/rate-limits.ts'
import type { SignatureVerdict } from '../../../src/kubernetes/reviews/shared-token-cache.ts'
import { at } from '../../../testing/json.ts'
import { held, never } from './asking.ts'
import { ASKER, aToken, authenticating, BAD, GOOD } from './authenticating.ts'

const asker = (name: string, proxy = '10.0.0.1'): Asker => ({
  service: { ...ASKER.service, name },
  proxy: () => proxy,
})

const LARGE = { burst: 1_000_000, perSecond: 0 }
const small = (burst: number) =>
  createRateLimits({
    perService: { burst, perSecond: 0 },
    perTenant: LARGE,
    perProxy: LARGE,
    inAll: LARGE,
  })

/** The result of the signature is the first part of the token's id. */
const signatureIn = (token: string): SignatureVerdict => {
  const claims = Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()
  return claims.includes('"jti":"signed') ? 'signed' : 'unknown'
}

let count = 0
const signed = () => {
  count += 1
  return aToken({ jti: `signed ${count}` })
}

const lanes = (answer: Parameters<typeof authenticating>[0], burst: number) =>
  authenticating(answer, {
    budgets: small(burst),
    signatureOf: async (token) => signatureIn(token),
  })

describe('a token that the cluster signed', () => {
  it('costs no rate-limit tokens', async () => {
    const { verdict, requests } = lanes(() => GOOD, 0)
    for (let sent = 0; sent < 100; sent += 1) expect(await verdict(signed())).toBe('team/reader')
    expect(requests).toHaveLength(100)
  })

  it('is accepted while others exhaust the rate limit', async () => {
    const { verdict } = lanes(() => GOOD, 1)
    expect(await verdict(aToken())).toBe('team/reader')
    expect(await verdict(aToken())).toBe('overloaded')
    expect(await verdict('sha256~somebody')).toBe('overloaded')
    expect(await verdict(signed())).toBe('team/reader')
  })

  it('does not wait for those that hang because their signer is unknown', async () => {
    const { verdict, ask } = lanes(
      ({ body }) => (String(at(body, 'spec', 'token')).startsWith('sha256~') ? never() : GOOD),
      1_000,
    )
    for (let sent = 0; sent < 100; sent += 1) void ask(`sha256~${sent}`)
    expect(await verdict(signed())).toBe('team/reader')
  })

  it('waits for its turn behind those of its own service, not of others', async () => {
    const { answer, release } = held()
    const { ask, sheds } = authenticating(answer, { limits: { running: 1, waitingPerKey: 1 } })
    const outcomes: string[] = []
    const send = (name: string) =>
      void Promise.resolve(ask(signed(), asker(name))).then((made) =>
        outcomes.push(`${name} ${made?.kind === 'rejected' ? made.reason : made?.kind}`),
      )
    for (const name of ['busy', 'busy', 'busy', 'calm']) send(name)
    await expect.poll(() => outcomes).toEqual(['busy overloaded'])
    expect(sheds).toEqual(['tokenreview-queue'])
    await expect
      .poll(() => {
        release(GOOD)
        return outcomes.slice(1)
      })
      .toEqual(['busy known', 'busy known', 'calm known'])
  })
})

describe('a token that the cluster may not have signed', () => {
  it("counts against its service's rate limit, and beyond it is overloaded, not invalid", async () => {
    const { verdict, requests, sheds } = lanes(() => BAD, 3)
    const verdicts: string[] = []
    for (let sent = 0; sent < 10; sent += 1) verdicts.push(await verdict(aToken(), asker('iris')))
    expect(verdicts.slice(0, 3)).toEqual(Array.from({ length: 3 }, () => 'invalid-token'))
    expect(verdicts.slice(3)).toEqual(Array.from({ length: 7 }, () => 'overloaded'))
    expect(requests).toHaveLength(3)
    expect(new Set(sheds)).toEqual(new Set(['tokenreview-service']))
    expect(await verdict(aToken(), asker('fraud'))).toBe('invalid-token')
  })

  it('counts once, however many requests have it', async () => {
    const { verdict } = lanes(() => BAD, 1)
    const token = aToken()
    expect(new Set(await Promise.all(Array.from({ length: 50 }, () => verdict(token))))).toEqual(
      new Set(['invalid-token']),
    )
    expect(await verdict(token)).toBe('invalid-token')
    expect(await verdict(aToken())).toBe('overloaded')
  })

  it('is reviewed for another service whose rate limit is not exhausted', async () => {
    const { verdict } = lanes(() => GOOD, 1)
    await verdict(aToken(), asker('busy'))
    const token = aToken()
    expect(
      await Promise.all([verdict(token, asker('busy')), verdict(token, asker('calm'))]),
    ).toEqual(['overloaded', 'team/reader'])
  })
})

describe('a forged token', () => {
  it('is refused without a review, and cached for a short time', async () => {
    let checks = 0
    const { verdict, remembered, requests } = authenticating(() => GOOD, {
      signatureOf: async () => {
        checks += 1
        return 'forged'
      },
    })
    const token = aToken()
    expect(await verdict(token)).toBe('invalid-token')
    expect(remembered(token)).toBe('invalid-token')
    expect({ requests, checks }).toEqual({ requests: [], checks: 1 })
  })
})

describe('the signature', () => {
  it('of a token is verified once, however many requests have it', async () => {
    let checks = 0
    const { verdict } = authenticating(() => GOOD, {
      signatureOf: async () => {
        checks += 1
        return 'signed'
      },
    })
    const token = aToken()
    await Promise.all(Array.from({ length: 100 }, () => verdict(token)))
    expect(checks).toBe(1)
  })
})
