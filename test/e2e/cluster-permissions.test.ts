import { readFile, writeFile } from 'node:fs/promises'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { verdictOf } from '../../testing/cluster/asking.ts'
import { type Cluster, startCluster } from '../../testing/cluster/cluster.ts'
import { accessPolicyCrd, aNamespace, install } from '../../testing/cluster/installation.ts'
import { keySecret } from '../../testing/cluster/objects.ts'
import { inferenceService } from '../../testing/cluster/rbac.ts'
import { type ClusterService, startClusterService } from '../../testing/cluster/service.ts'
import { listAt, textAt } from '../../testing/json.ts'

const PATIENCE = { timeout: 60_000, interval: 20 }
const KEY = 'a-key-of-sixteen-bytes'
const CLUSTER_ROLE = {
  apiVersion: 'rbac.authorization.k8s.io/v1',
  kind: 'ClusterRole',
  metadata: { name: 'kserve-authz' },
}

let cluster: Cluster
let kubeconfig: string
let services: ClusterService[] = []

beforeAll(async () => {
  cluster = await startCluster()
  for (const name of ['team', 'models']) {
    await cluster.apply(aNamespace(name))
    await cluster.create(inferenceService(name, 'iris'))
    await cluster.create(keySecret(name, 'reader', KEY))
  }
})
afterAll(() => cluster?.stop())
afterEach(async () => {
  await Promise.all(services.map(({ stop }) => stop()))
  services = []
})

async function start(file = kubeconfig, config = {}) {
  const service = await startClusterService({ kubeconfig: file, config })
  services.push(service)
  return service
}

const messagesOf = ({ log }: ClusterService) => log.map((line) => textAt(line, 'msg'))

const saysSoon = (service: ClusterService, message: string) =>
  expect.poll(() => messagesOf(service), PATIENCE).toContain(message)

const missing = (what: string) => `missing permission: list and watch ${what}`

describe('as the ServiceAccount of the installation, in the whole cluster', () => {
  beforeAll(async () => {
    kubeconfig = await install(cluster)
  })

  it('all permissions that are needed are granted', async () => {
    const service = await start()
    await service.ready()
    expect(await verdictOf(service.gateway, { token: KEY })).toBe('allow')
    expect(messagesOf(service).filter((line) => line.startsWith('missing'))).toEqual([])
  })

  it('all granted permissions are needed: a missing one is reported, and the program is not ready', async () => {
    const role = await cluster.get('/apis/rbac.authorization.k8s.io/v1/clusterroles/kserve-authz')
    const isOfKServe = (rule: unknown) => listAt(rule, 'resources').includes('configmaps')
    const lists = listAt(role, 'rules').filter(
      (rule) => listAt(rule, 'verbs').includes('list') && !isOfKServe(rule),
    )
    await cluster.patch(CLUSTER_ROLE, { rules: listAt(role, 'rules').filter(isOfKServe) })
    const service = await start()
    for (const rule of lists) {
      const group = textAt(rule, 'apiGroups', 0)
      for (const resource of listAt(rule, 'resources')) {
        await saysSoon(service, missing([resource, group].filter((part) => part !== '').join('.')))
      }
    }
    expect(await verdictOf(service.gateway, { token: KEY })).toBe('not-synced')
    const named = messagesOf(service).filter((line) => line.startsWith('missing'))
    expect(named).toHaveLength(new Set(named).size)
    await cluster.patch(CLUSTER_ROLE, { rules: listAt(role, 'rules') })
    await service.ready()
    expect(await verdictOf(service.gateway, { token: KEY })).toBe('allow')
  })

  it("a missing permission for KServe's configuration is reported with its namespace and blocks readiness, too", async () => {
    const file = await install(cluster)
    const role = await cluster.get('/apis/rbac.authorization.k8s.io/v1/clusterroles/kserve-authz')
    const others = listAt(role, 'rules').filter(
      (rule) => !listAt(rule, 'resources').includes('configmaps'),
    )
    await cluster.patch(CLUSTER_ROLE, { rules: others })
    const service = await start(file)
    await saysSoon(service, missing('configmaps in namespace kserve'))
    expect((await service.read('/readyz?verbose')).text).toContain(
      `[-]configmaps failed: ${missing('configmaps in namespace kserve')}`,
    )
    await install(cluster)
    await service.ready()
  })

  it('a missing permission for the status of policies is reported, and does not block readiness', async () => {
    const crd = await accessPolicyCrd()
    await cluster.installCrd(crd)
    const file = await install(cluster)
    const role = await cluster.get('/apis/rbac.authorization.k8s.io/v1/clusterroles/kserve-authz')
    const others = listAt(role, 'rules').filter(
      (rule) => !listAt(rule, 'resources').includes('accesspolicies/status'),
    )
    await cluster.patch(CLUSTER_ROLE, { rules: others })
    await cluster.create({
      apiVersion: 'kserve-authz.io/v1alpha1',
      kind: 'AccessPolicy',
      metadata: { namespace: 'team', name: 'closed' },
      spec: { allow: [] },
    })
    const service = await start(file)
    await service.ready()
    await saysSoon(service, 'missing permission: patch accesspolicies/status.kserve-authz.io')
    expect(await verdictOf(service.gateway, { token: KEY })).toBe('not-permitted')
    await cluster.delete(crd)
  })

  it('a token that is refused is read again', async () => {
    const file = await install(cluster)
    const good = await readFile(`${file}.token`)
    await writeFile(`${file}.token`, 'no-token-of-this-cluster')
    const service = await start(file)
    await saysSoon(
      service,
      'the API server answered with status 401: the token of this program is not valid',
    )
    await writeFile(`${file}.token`, good)
    await service.ready()
    expect(await verdictOf(service.gateway, { token: KEY })).toBe('allow')
  })
})

describe('if owners cannot be told by events', () => {
  it('because that permission is missing, the log says so', async () => {
    const file = await install(cluster)
    const role = await cluster.get('/apis/rbac.authorization.k8s.io/v1/clusterroles/kserve-authz')
    const rules = listAt(role, 'rules').filter(
      (rule) => !listAt(rule, 'resources').includes('events'),
    )
    await cluster.patch(CLUSTER_ROLE, { rules })
    await cluster.create(keySecret('team', 'short', 'short'))
    const service = await start(file)
    await service.ready()
    await expect
      .poll(() => service.log.map((line) => textAt(line, 'error')), PATIENCE)
      .toContain('Error: missing permission: create events')
  })
})
