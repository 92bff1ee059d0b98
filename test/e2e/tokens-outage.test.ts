import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { type Asked, statusOf, verdictOf } from '../../testing/cluster/asking.ts'
import { API_FAULTS, type ClusterProxy, startClusterProxy } from '../../testing/cluster/proxy.ts'
import type { ClusterService } from '../../testing/cluster/service.ts'
import { startTokenCluster, type TokenCluster } from '../../testing/cluster/token-cluster.ts'

let cluster: TokenCluster
let proxy: ClusterProxy
let service: ClusterService

beforeAll(async () => {
  cluster = await startTokenCluster()
  proxy = await startClusterProxy(cluster.site)
  await cluster.create({
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: KEY_METADATA,
    stringData: { api_key: 'a-key-of-the-team-0123' },
  })
  service = await cluster.serve({}, proxy.port)
})
afterAll(async () => {
  await cluster?.stop()
  await proxy?.close()
})

const KEY_METADATA = {
  namespace: 'team',
  name: 'key',
  labels: { 'kserve-authz.io/credential': 'api-key' },
}

const ask = (asked: Asked) => verdictOf(service.gateway, asked)
const newToken = () => cluster.tokenFor('team', 'reader')
const POLL = { timeout: 60_000, interval: 20 }

describe.each([
  ['tokenreviews', 'authentication-unavailable'],
  ['subjectaccessreviews', 'authorization-unavailable'],
] as const)('when the API server answers %s with', (kind, reason) => {
  // Faults that take seconds, once.
  const faults = Object.entries(API_FAULTS).filter(
    ([title]) => kind === 'tokenreviews' || !['nothing at all', 'a status of 429'].includes(title),
  )

  it.each(faults)(
    '%s, a new token gets 503, cached ones keep working, and the next attempt succeeds',
    async (_title, fault) => {
      const [known, token] = [await newToken(), await newToken()]
      await vi.waitFor(async () => expect(await ask({ token: known })).toBe('allow'), POLL)
      proxy.fail(kind, fault)
      expect([reason, 'deadline-exceeded']).toContain(await ask({ token }))
      expect(await ask({ token: known })).toBe('allow')
      expect(await ask({ headers: { 'x-api-key': 'a-key-of-the-team-0123' } })).toBe('allow')
      proxy.fail(kind, undefined)
      await vi.waitFor(async () => expect(await ask({ token })).toBe('allow'), POLL)
    },
  )
})

describe('while the API server is unavailable', () => {
  it('cached tokens and keys keep working, new tokens get 503, and all work afterwards', async () => {
    const [known, stranger, token] = [
      await newToken(),
      await cluster.tokenFor('team', 'stranger'),
      await newToken(),
    ]
    expect(await ask({ token: known })).toBe('allow')
    expect(await ask({ token: stranger })).toBe('not-permitted')
    expect((await service.read('/metrics')).text).toContain('kserve_authz_instant_revocation 1')
    expect((await service.read('/readyz?verbose')).text).toContain('[+]revocation ok: immediate')
    await cluster.stopApiServer()
    await vi.waitFor(async () => {
      expect((await service.read('/metrics')).text).toContain('kserve_authz_instant_revocation 0')
    }, POLL)
    expect((await service.read('/readyz?verbose')).text).toContain('[+]revocation ok: when cached')
    for (let tries = 0; tries < 50; tries += 1) {
      expect(statusOf(await ask({ token }))).toBe(503)
      expect(await ask({ token: known })).toBe('allow')
      expect(await ask({ headers: { 'x-api-key': 'a-key-of-the-team-0123' } })).toBe('allow')
      expect(await ask({ token: 'a-mistyped-key-0123456' })).toBe('unknown-api-key')
    }
    await cluster.startApiServer()
    await vi.waitFor(async () => expect(await ask({ token })).toBe('allow'), POLL)
  })
})
