import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { msUntil, verdictOf } from '../../testing/cluster/asking.ts'
import { CLUSTER_ISSUER } from '../../testing/cluster/programs.ts'
import { clusterRoleBinding, roleBinding, watcher } from '../../testing/cluster/rbac.ts'
import { type ClusterService, startClusterService } from '../../testing/cluster/service.ts'
import { startTokenCluster, type TokenCluster } from '../../testing/cluster/token-cluster.ts'
import { listAt, textAt } from '../../testing/json.ts'

let cluster: TokenCluster
const services: ClusterService[] = []

beforeAll(async () => {
  cluster = await startTokenCluster()
})
afterAll(async () => {
  await Promise.all(services.map(({ stop }) => stop()))
  await cluster?.stop()
})

/** The permissions to read services, pods and keys, and no more. */
const SERVING = [
  ['serving.kserve.io', '*'],
  ['kserve-authz.io', '*'],
  ['', 'pods'],
  ['', 'secrets'],
  ['', 'configmaps'],
] as const

async function serveAs(name: string, config: object = {}): Promise<ClusterService> {
  const kubeconfig = await cluster.kubeconfig({ token: await cluster.tokenFor('team', name) })
  const service = await startClusterService({ kubeconfig, config })
  services.push(service)
  return service
}

const delegator = (name: string) =>
  clusterRoleBinding(`${name}-asks`, 'system:auth-delegator', name)

describe('if revocation need not be immediate', () => {
  const config = { kubernetes: { instantRevocation: false } }

  it('fewer permissions and watches are needed, and cached answers last until they expire', async () => {
    for (const object of [...watcher('modest', SERVING), delegator('modest')]) {
      await cluster.create(object)
    }
    const service = await serveAs('modest', config)
    await service.ready()
    const readiness = (await service.read('/readyz?verbose')).text
    expect(readiness).toContain('[+]revocation ok: when cached answers expire')
    expect(readiness).not.toContain('rolebindings')
    expect((await service.read('/metrics')).text).toContain('kserve_authz_instant_revocation 0')

    const binding = roleBinding('team', 'for-now', 'iris-reader', {
      kind: 'ServiceAccount',
      namespace: 'team',
      name: 'stranger',
    })
    const token = await cluster.tokenFor('team', 'stranger')
    const ask = () => verdictOf(service.gateway, { token })
    await cluster.create(binding)
    await msUntil(200, ask)
    await cluster.delete(binding)
    for (let tries = 0; tries < 20; tries += 1) expect(await ask()).toBe('allow')
  })
})

describe('a missing permission', () => {
  it('for reviews is reported, and tokens get 503', async () => {
    for (const object of watcher('mute', SERVING)) await cluster.create(object)
    const service = await serveAs('mute', { kubernetes: { instantRevocation: false } })
    await service.ready()
    const token = await cluster.tokenFor('team', 'reader')
    expect(await verdictOf(service.gateway, { token })).toBe('authentication-unavailable')
    await expect
      .poll(() => service.log, { timeout: 60_000 })
      .toContainEqual(
        expect.objectContaining({
          resource: 'tokenreviews',
          msg: 'missing permission: create tokenreviews.authentication.k8s.io',
        }),
      )
    await cluster.create(delegator('mute'))
    await msUntil(200, () => verdictOf(service.gateway, { token }))
  })

  it('to read the issuer is reported, and blocks readiness; without the keys every token needs a review', async () => {
    const discovery = 'system:service-account-issuer-discovery'
    const binding = await cluster.get(
      `/apis/rbac.authorization.k8s.io/v1/clusterrolebindings/${discovery}`,
    )
    await cluster.delete(clusterRoleBinding(discovery, discovery, ''))
    for (const object of [...watcher('dark', SERVING), delegator('dark')]) {
      await cluster.create(object)
    }
    const instantRevocation = false
    const service = await serveAs('dark', { kubernetes: { instantRevocation } })
    const messages = () => service.log.map((line) => textAt(line, 'msg'))
    const path = '/.well-known/openid-configuration'
    await expect
      .poll(messages, { timeout: 60_000 })
      .toContain(`missing permission: get ${path} (or set kubernetes.issuer)`)
    const token = await cluster.tokenFor('team', 'reader')
    expect(await verdictOf(service.gateway, { token })).toBe('not-synced')
    const told = await serveAs('dark', {
      kubernetes: { instantRevocation, issuer: CLUSTER_ISSUER },
    })
    await told.ready()
    await expect
      .poll(() => told.log.map((line) => textAt(line, 'error')), { timeout: 60_000 })
      .toContain('Error: missing permission: get /openid/v1/jwks')
    await msUntil(200, () => verdictOf(told.gateway, { token }))
    await cluster.create({
      ...clusterRoleBinding(discovery, discovery, ''),
      subjects: listAt(binding, 'subjects'),
    })
    await service.ready()
    await msUntil(200, () => verdictOf(service.gateway, { token }))
  })

  it('to watch the owners of tokens is reported, and blocks readiness', async () => {
    for (const object of [...watcher('blind', SERVING), delegator('blind')]) {
      await cluster.create(object)
    }
    const service = await serveAs('blind')
    await expect
      .poll(async () => (await service.read('/readyz?verbose')).text, { timeout: 60_000 })
      .toContain('[-]serviceaccounts failed: missing permission: list and watch serviceaccounts')
    const token = await cluster.tokenFor('team', 'reader')
    expect(await verdictOf(service.gateway, { token })).toBe('not-synced')
  })
})
