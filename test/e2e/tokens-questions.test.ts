import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { type Verdict, verdictOf } from '../../testing/cluster/asking.ts'
import { CLUSTER_ISSUER } from '../../testing/cluster/programs.ts'
import { type ClusterProxy, startClusterProxy } from '../../testing/cluster/proxy.ts'
import type { ClusterService } from '../../testing/cluster/service.ts'
import { startTokenCluster, type TokenCluster } from '../../testing/cluster/token-cluster.ts'
import { at } from '../../testing/json.ts'

const POLL = { timeout: 60_000, interval: 5 }
const MARKER = 'written-by-a-client'

let cluster: TokenCluster
let proxy: ClusterProxy
let service: ClusterService

beforeAll(async () => {
  cluster = await startTokenCluster()
  proxy = await startClusterProxy(cluster.site)
  service = await cluster.serve({}, proxy.port)
})
afterAll(async () => {
  await cluster?.stop()
  await proxy?.close()
})

describe('for a request the API server is asked', () => {
  it('for the user of the token, with our audience', async () => {
    const token = await cluster.tokenFor('team', 'reader')
    expect(await verdictOf(service.gateway, { token })).toBe('allow')
    expect(at(proxy.posted('tokenreviews').at(-1), 'spec')).toEqual({
      token,
      audiences: [CLUSTER_ISSUER],
    })
  })

  it('whether that user, with all its groups, may get the service, and nothing from the client', async () => {
    const token = await cluster.tokenFor('team', 'reader')
    const { body } = await cluster.call({
      method: 'POST',
      path: '/apis/authentication.k8s.io/v1/tokenreviews',
      body: {
        apiVersion: 'authentication.k8s.io/v1',
        kind: 'TokenReview',
        spec: { token, audiences: [CLUSTER_ISSUER] },
      },
    })
    const { username, ...user } = Object.assign({ username: '' }, at(body, 'status', 'user'))
    const written = [
      'x-auth-request-user',
      'x-auth-request-groups',
      'impersonate-user',
      'impersonate-group',
      'x-remote-user',
      'x-forwarded-user',
      'x-request-id',
    ]
    const headers = Object.fromEntries(written.map((name) => [name, MARKER]))
    const path = `/v1/models/${MARKER}:predict?${MARKER}`
    expect(await verdictOf(service.gateway, { token, headers, path, method: 'DELETE' })).toBe(
      'allow',
    )
    const asked = proxy.posted('subjectaccessreviews').at(-1)
    expect(user).toHaveProperty('extra')
    expect(at(asked, 'spec')).toEqual({
      user: username,
      ...user,
      resourceAttributes: {
        verb: 'get',
        group: 'serving.kserve.io',
        resource: 'inferenceservices',
        namespace: 'team',
        name: 'iris',
      },
    })
    expect(JSON.stringify(asked)).not.toContain(MARKER)
  })
})

describe('a look-up with several waiting requests', () => {
  it('continues after the first of them is cancelled, and is the only one', async () => {
    const token = await cluster.tokenFor('team', 'reader')
    const before = proxy.asked('tokenreviews')
    const ask = () => verdictOf(service.gateway, { token })
    const release = proxy.hold()
    const first = verdictOf(service.gateway, { token, timeout: '50m' }).catch(() => 'gone')
    await vi.waitFor(() => expect(proxy.held()).toBe(1), POLL)
    expect(await first).not.toBe('allow')
    const others = Array.from({ length: 20 }, ask)
    release()
    // A slow machine may be late; a client that tries again finds the answer.
    const again = async (verdict: Verdict) => (verdict === 'deadline-exceeded' ? ask() : verdict)
    const verdicts = await Promise.all((await Promise.all(others)).map(again))
    expect(new Set(verdicts)).toEqual(new Set(['allow']))
    expect(proxy.asked('tokenreviews') - before).toBe(1)
  })

  it('is cached although nobody waited for its end', async () => {
    const token = await cluster.tokenFor('team', 'reader')
    const release = proxy.hold()
    const verdict = verdictOf(service.gateway, { token, timeout: '50m' }).catch(() => 'gone')
    await vi.waitFor(() => expect(proxy.held()).toBe(1), POLL)
    expect(await verdict).not.toBe('allow')
    const before = proxy.asked('tokenreviews')
    release()
    await vi.waitFor(
      async () => expect(await verdictOf(service.gateway, { token })).toBe('allow'),
      POLL,
    )
    expect(proxy.asked('tokenreviews')).toBe(before)
  })
})

it('a new token costs one review of each kind, and then none', async () => {
  const token = await cluster.signer.bound('team', 'reader', { jti: randomUUID() })
  const counts = () => ['tokenreviews', 'subjectaccessreviews'].map(proxy.asked)
  const [before = 0, reviews = 0] = counts()
  for (let tries = 0; tries < 50; tries += 1) {
    expect(await verdictOf(service.gateway, { token })).toBe('allow')
  }
  expect(counts()).toEqual([before + 1, reviews + 1])
})
