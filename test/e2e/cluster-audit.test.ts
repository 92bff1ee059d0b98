import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { verdictOf } from '../../testing/cluster/asking.ts'
import { askedBy, permittedTo } from '../../testing/cluster/audit.ts'
import { pathOf, type Written } from '../../testing/cluster/client.ts'
import { type Cluster, startCluster } from '../../testing/cluster/cluster.ts'
import { CRDS } from '../../testing/cluster/crds.ts'
import { accessPolicyCrd, aNamespace, install } from '../../testing/cluster/installation.ts'
import { keySecret } from '../../testing/cluster/objects.ts'
import { API_FAULTS, startClusterProxy } from '../../testing/cluster/proxy.ts'
import { inferenceService, serviceAccount } from '../../testing/cluster/rbac.ts'
import { startClusterService } from '../../testing/cluster/service.ts'
import { listAt } from '../../testing/json.ts'

const PATIENCE = { timeout: 60_000, interval: 20 }
const ACCOUNT = { namespace: 'kserve-authz', name: 'kserve-authz' }
const USER = `system:serviceaccount:${ACCOUNT.namespace}:${ACCOUNT.name}`
const KEY = 'a-key-of-sixteen-bytes'

const POLICY: Written = {
  apiVersion: 'kserve-authz.io/v1alpha1',
  kind: 'AccessPolicy',
  metadata: { namespace: 'models', name: 'iris' },
  spec: { allow: [{}] },
}

/** Their kinds decide no request, so they are read only where all namespaces are. */
const GROUPS_OF_GUARDS = ['/apis/gateway.envoyproxy.io', '/apis/security.istio.io']

describe.each([
  ['in the whole cluster', 'rbac.yaml', {}, GROUPS_OF_GUARDS],
  ['in a namespace', 'rbac-namespaces.yaml', { kubernetes: { namespaces: ['models'] } }, []],
])("%s, according to the API server's audit log,", (_title, file, config, groups) => {
  let cluster: Cluster

  beforeAll(async () => {
    const crds = [...Object.values(CRDS), await accessPolicyCrd()]
    cluster = await startCluster({ crds, audited: true })
    await cluster.apply(aNamespace('models'))
    await cluster.create(inferenceService('models', 'iris'))
    await cluster.create(serviceAccount('models', 'reader'))
    await cluster.create(keySecret('models', 'reader', KEY))
  })
  afterAll(() => cluster?.stop())

  it('all needed permissions are granted, and all granted ones are needed', async () => {
    await useAll(cluster, file, config)
    const { asked, urls } = await askedBy(cluster.site, USER)
    const permitted = await permittedTo(cluster, ACCOUNT)
    // A permission for all namespaces is used in some namespace.
    const everywhere = (phrase: string) => phrase.replace(/ in \S+$/, '')
    const used = [...asked].map((each) =>
      permitted.has(everywhere(each)) ? everywhere(each) : each,
    )
    expect([...new Set(used)].toSorted()).toEqual([...permitted].toSorted())
    // The cluster is asked for the Gateway API, which everybody may do (system:discovery).
    // Every ServiceAccount may read this: system:service-account-issuer-discovery.
    expect([...urls].toSorted()).toEqual(
      [
        '/.well-known/openid-configuration',
        '/apis/gateway.networking.k8s.io',
        '/openid/v1/jwks',
        ...groups,
      ].toSorted(),
    )
  })
})

/** Everything the program does on its own, on a current API server and on one before 1.27. */
async function useAll(cluster: Cluster, file: string, config: object) {
  const proxy = await startClusterProxy(cluster.site)
  proxy.fail('', API_FAULTS['a status of 422'], /sendInitialEvents/)
  const services = []
  try {
    for (const port of [undefined, proxy.port]) {
      const kubeconfig = await install(cluster, file, port)
      services.push(await startClusterService({ kubeconfig, config }))
    }
    for (const service of services) {
      await service.ready()
      const host = 'iris.models.svc'
      expect(await verdictOf(service.gateway, { host, token: KEY })).toBe('allow')
      const token = await cluster.tokenFor('models', 'reader')
      expect(await verdictOf(service.gateway, { host, token })).toBe('not-permitted')
    }
    await cluster.create(keySecret('models', 'short', 'short'))
    await cluster.create(POLICY)
    const has = async (path: string, ...field: readonly string[]) =>
      listAt(await cluster.get(path), ...field).length
    await expect
      .poll(() => has(pathOf(POLICY), 'status', 'conditions'), PATIENCE)
      .toBeGreaterThan(0)
    await expect
      .poll(() => has('/api/v1/namespaces/models/events', 'items'), PATIENCE)
      .toBeGreaterThan(0)
  } finally {
    for (const service of services) await service.stop()
    await proxy.close()
  }
}
