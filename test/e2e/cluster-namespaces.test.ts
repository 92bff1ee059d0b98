import { afterAll, afterEach, beforeAll, expect, it } from 'vitest'
import { type Asked, msUntil, verdictOf } from '../../testing/cluster/asking.ts'
import type { Written } from '../../testing/cluster/client.ts'
import { type Cluster, startCluster } from '../../testing/cluster/cluster.ts'
import { aNamespace, install } from '../../testing/cluster/installation.ts'
import { keySecret } from '../../testing/cluster/objects.ts'
import {
  clusterRoleBinding,
  inferenceService,
  readerRole,
  roleBinding,
  serviceAccount,
} from '../../testing/cluster/rbac.ts'
import { type ClusterService, startClusterService } from '../../testing/cluster/service.ts'
import { at, textAt } from '../../testing/json.ts'

const PATIENCE = { timeout: 60_000, interval: 20 }
const KEY = 'a-key-of-sixteen-bytes'
const NAMESPACES = ['models', 'lab']
const RBAC = '/apis/rbac.authorization.k8s.io/v1'

let cluster: Cluster
let kubeconfig: string
let service: ClusterService

beforeAll(async () => {
  cluster = await startCluster()
  kubeconfig = await install(cluster, 'rbac-namespaces.yaml')
  for (const name of [...NAMESPACES, 'team']) {
    await cluster.apply(aNamespace(name))
    await cluster.create(inferenceService(name, 'iris'))
    await cluster.create(keySecret(name, 'reader', KEY))
    await cluster.create(serviceAccount(name, 'caller'))
    await cluster.create(readerRole(name, 'reader'))
  }
  for (const kind of ['Role', 'RoleBinding']) await repeatIn('lab', kind)
})
afterAll(() => cluster?.stop())
afterEach(() => service?.stop())

/** The file with `models` replaced by each namespace. */
async function repeatIn(namespace: string, kind: string) {
  const path = `${RBAC}/namespaces/models/${kind.toLowerCase()}s/kserve-authz`
  const { metadata: _, ...rest }: Written = Object.assign(
    { apiVersion: '', kind, metadata: { name: '' } },
    await cluster.get(path),
  )
  await cluster.create({ ...rest, metadata: { namespace, name: 'kserve-authz' } })
}

async function start(ready = true) {
  service = await startClusterService({
    kubeconfig,
    config: { kubernetes: { namespaces: NAMESPACES } },
  })
  if (ready) await service.ready()
}

const ask = (asked: Asked) => verdictOf(service.gateway, asked)
const inModels = (token: string) => () => ask({ host: 'iris.models.svc', token })

const callerOf = (namespace: string) =>
  ({ kind: 'ServiceAccount', namespace, name: 'caller' }) as const

it('Roles of each namespace are enough, and features that are off are logged', async () => {
  await start()
  for (const namespace of NAMESPACES) {
    expect(await ask({ token: KEY, host: `iris.${namespace}.svc` })).toBe('allow')
  }
  expect(await ask({ token: KEY, host: 'iris.team.svc' })).toBe('unknown-target')
  const warned = service.log.filter((line) => at(line, 'level') === 'warn')
  expect(warned.map((line) => at(line, 'reason'))).toEqual([
    'NamespacesOnly',
    'NoKserveConfiguration',
  ])
  expect(textAt(warned[0], 'msg')).toMatch(/ClusterRoles.*not watched/)
  const { text } = await service.read('/readyz?verbose')
  expect(text).toContain(
    '[+]revocation ok: immediate in these namespaces, otherwise after about a minute',
  )
  expect(text).not.toContain('clusterrole')
})

it('a revocation in these namespaces takes effect within a second', async () => {
  await start()
  const token = await cluster.tokenFor('models', 'caller')
  const binding = roleBinding('models', 'callers', 'reader', callerOf('models'))
  await cluster.create(binding)
  expect(await msUntil(200, inModels(token))).toBeLessThan(1_000)
  await cluster.delete(binding)
  expect(await msUntil(403, inModels(token))).toBeLessThan(1_000)
  await cluster.create(binding)
  expect(await msUntil(200, inModels(token))).toBeLessThan(1_000)
  await cluster.delete(serviceAccount('models', 'caller'))
  expect(await msUntil(401, inModels(token))).toBeLessThan(1_000)
  await cluster.delete(binding)
})

it('a revocation elsewhere takes effect when the cached answer expires', async () => {
  await start()
  const [ofTeam, ofLab] = await Promise.all([
    cluster.tokenFor('team', 'caller'),
    cluster.tokenFor('lab', 'caller'),
  ])
  await cluster.create(roleBinding('models', 'team', 'reader', callerOf('team')))
  const everywhere = {
    ...clusterRoleBinding('everywhere', 'view', 'nobody'),
    subjects: [callerOf('lab')],
  }
  await cluster.apply({
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'ClusterRole',
    metadata: { name: 'view' },
    rules: readerRole('x', 'x').rules,
  })
  await cluster.create(everywhere)
  for (const token of [ofTeam, ofLab]) await msUntil(200, inModels(token))
  await untilKept([ofTeam, ofLab])
  await cluster.delete(serviceAccount('team', 'caller'))
  await cluster.delete(everywhere)
  for (let tries = 0; tries < 20; tries += 1) {
    for (const token of [ofTeam, ofLab]) expect(await inModels(token)()).toBe('allow')
  }
})

const KEPT_MS = 5_000

/** An answer is cached for as long as the last change was old: waits until each token has one that is kept for longer. */
async function untilKept(tokens: readonly string[]) {
  const start = performance.now()
  let before = 0
  const sinceThen = async () => {
    for (const token of tokens) await inModels(token)()
    const missed = await missedPermissions()
    if (performance.now() - start < KEPT_MS) before = missed
    return missed - before
  }
  await expect.poll(sinceThen, PATIENCE).toBeGreaterThanOrEqual(tokens.length)
}

async function missedPermissions(): Promise<number> {
  const { text } = await service.read('/metrics')
  const line = /^kserve_authz_cache_requests_total\{cache="permission",result="miss"\} (\d+)$/m
  return Number(line.exec(text)?.[1])
}

it('a missing Role is reported with its namespace', async () => {
  const path = { namespace: 'lab', name: 'kserve-authz' }
  await cluster.delete({ ...readerRole('lab', 'kserve-authz'), metadata: path })
  await start(false)
  const messages = () => service.log.map((line) => textAt(line, 'msg'))
  await expect
    .poll(messages, PATIENCE)
    .toContain('missing permission: list and watch secrets in namespace lab')
  expect(messages().join()).not.toContain('in namespace models')
  expect(await ask({ token: KEY, host: 'iris.models.svc' })).toBe('not-synced')
})
