import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { type Asked, callsDuring, type Verdict, verdictOf } from '../../testing/cluster/asking.ts'
import { startClusterProxy } from '../../testing/cluster/proxy.ts'
import type { ClusterService } from '../../testing/cluster/service.ts'
import {
  newTokens,
  startTokenCluster,
  type TokenCluster,
} from '../../testing/cluster/token-cluster.ts'
import { boundClaims, signed } from '../../testing/cluster/tokens.ts'

let cluster: TokenCluster
let service: ClusterService
let newToken: () => string

beforeAll(async () => {
  cluster = await startTokenCluster()
  service = await cluster.serve()
  newToken = await newTokens(cluster)
})
afterAll(() => cluster?.stop())

const times = <T>(number: number, make: () => T): T[] => Array.from({ length: number }, make)

/** A client that tries again after an overload or deadline answer, which this machine may cause. */
const inTheEnd = async (asked: Asked): Promise<Verdict> => {
  const verdict = await verdictOf(service.gateway, asked)
  return verdict === 'deadline-exceeded' || verdict === 'overloaded' ? inTheEnd(asked) : verdict
}

/** The number of each verdict. */
const tally = (verdicts: readonly Verdict[]) =>
  Object.fromEntries(
    [...new Set(verdicts)].map((each) => [each, verdicts.filter((one) => one === each).length]),
  )

describe('a thousand requests at once with one new token', () => {
  it('cause one TokenReview and one SubjectAccessReview', async () => {
    const token = newToken()
    const calls = await callsDuring(cluster, async () => {
      const asked = times(1_000, () => verdictOf(service.gateway, { token }))
      expect(tally(await Promise.all(asked))).toEqual({ allow: 1_000 })
    })
    expect(calls).toEqual({ tokenReviews: 1, accessReviews: 1 })
  })
})

describe('well-formed garbage', () => {
  const claims = boundClaims('team', 'reader', 'no-uid')
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const garbage = [
    () => signed({ alg: 'ES256', kid: randomBytes(8).toString('hex') }, claims, privateKey),
    () => signed({ alg: 'ES256' }, { ...claims, jti: randomBytes(8).toString('hex') }, privateKey),
    () => `sha256~${randomBytes(32).toString('base64url')}`,
  ]

  it('is denied and costs no more than its budget, without an effect on valid callers', async () => {
    const begun = performance.now()
    const verdicts: Verdict[] = []
    const valid: Verdict[] = []
    const calls = await callsDuring(cluster, async () => {
      const flood = times(64, async () => {
        for (let sent = 0; sent < 60; sent += 1) {
          const token = garbage[sent % garbage.length]?.() ?? ''
          verdicts.push(await verdictOf(service.gateway, { token }))
        }
      })
      const callers = times(8, async () => {
        for (let sent = 0; sent < 40; sent += 1) {
          valid.push(await inTheEnd({ token: newToken() }))
        }
      })
      await Promise.all([...flood, ...callers])
    })
    const seconds = (performance.now() - begun) / 1_000

    expect(tally(valid)).toEqual({ allow: 320 })
    expect(verdicts).toContain('overloaded')
    expect(['invalid-token', 'overloaded', 'deadline-exceeded']).toEqual(
      expect.arrayContaining([...new Set(verdicts)]),
    )
    expect(calls.tokenReviews - 320).toBeLessThanOrEqual(100 + 50 * seconds)
    expect((await service.read('/metrics')).text).toMatch(
      /kserve_authz_shed_total\{cause="tokenreview-service"\} [1-9]/,
    )
  })
})

describe('clients with new tokens and a deadline', () => {
  it.each([
    [10, '200m', 200],
    [32, '1S', 800],
    [128, '30S', 512],
  ])('%d of them and %s: none of %i valid tokens is denied', async (clients, timeout, all) => {
    const verdicts: Verdict[] = []
    let sent = 0
    const asking = times(clients, async () => {
      for (; sent < all; sent += 1) {
        const token = newToken()
        verdicts.push(await inTheEnd({ token, timeout }))
      }
    })
    await Promise.all(asking)
    expect(tally(verdicts)).toEqual({ allow: verdicts.length })
  })
})

describe('when the program receives SIGTERM', () => {
  it('every call in flight is answered', async () => {
    const proxy = await startClusterProxy(cluster.site)
    const own = await cluster.serve({}, proxy.port)
    const release = proxy.hold()
    const asked = times(30, () => verdictOf(own.gateway, { token: newToken() }))
    await vi.waitFor(() => expect(proxy.held()).toBe(30), { timeout: 60_000, interval: 5 })
    process.kill(own.pid ?? 0, 'SIGTERM')
    await vi.waitFor(() => expect(own.log.at(-1)).toMatchObject({ msg: 'stopping' }), {
      timeout: 60_000,
      interval: 5,
    })
    release()
    expect(await Promise.all(asked)).toHaveLength(30)
    expect(await own.ended).toContain('exit code 0')
    await proxy.close()
  })
})
