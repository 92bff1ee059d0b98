import { readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { loadAll } from 'js-yaml'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { findEnvoyGateway } from '../../scripts/envoy-gateway.ts'
import { findIstio } from '../../scripts/istio.ts'
import { type Cluster, startCluster } from '../../testing/cluster/cluster.ts'
import { aNamespace, applyWhole, install, writtenOf } from '../../testing/cluster/installation.ts'
import { pod, runPod } from '../../testing/cluster/objects.ts'
import { inferenceService, PROTECTED } from '../../testing/cluster/rbac.ts'
import { type ClusterService, startClusterService } from '../../testing/cluster/service.ts'
import { runWith } from '../../testing/command-line.ts'
import { at, listAt, textAt } from '../../testing/json.ts'
import { installIstioCrds } from '../../testing/mesh/installation.ts'

/** A change is judged after five seconds. */
const PATIENCE = { timeout: 60_000, interval: 100 }
const POLICY = new URL('../../istio/workloads/predictor.yaml', import.meta.url)
const AT_GATEWAY = new URL('../../envoy-gateway/gateway/security-policy.yaml', import.meta.url)

let cluster: Cluster
let service: ClusterService | undefined
let crds = ''
const say = (line: string) => void process.stderr.write(`${line}\n`)

beforeAll(async () => {
  const [istio, gateway] = [await findIstio(say), await findEnvoyGateway(say)]
  crds = gateway.crds
  cluster = await startCluster()
  await installIstioCrds(cluster, istio.crds)
  for (const name of ['istio-system', 'kserve', 'team']) await cluster.apply(aNamespace(name))
})
afterAll(async () => {
  await service?.stop()
  await cluster?.stop()
})

const shippedAt = async (file: URL) => writtenOf(loadAll(await readFile(file, 'utf8'))[0])

/** `reason count` of each that is not zero. */
async function unguarded(): Promise<readonly string[]> {
  const text = (await service?.read('/metrics'))?.text ?? ''
  return [...text.matchAll(/^kserve_authz_unguarded_services\{reason="(.*)"\} ([1-9]\d*)$/gm)].map(
    ([, reason, count]) => `${reason} ${count}`,
  )
}

async function eventsOf(name: string): Promise<readonly string[]> {
  const list = await cluster.get('/api/v1/namespaces/team/events')
  return listAt(list, 'items')
    .filter((event) => textAt(event, 'reason') === 'Unguarded')
    .filter((event) => textAt(event, 'involvedObject', 'name') === name)
    .map((event) => textAt(event, 'message'))
}

/** Whether proxies ask about a service, as `services` shows it to an admin. */
async function guardOf(name: string): Promise<string> {
  const config = path.join(cluster.site.folder, 'defaults.json')
  await writeFile(config, '{}')
  const env = { KUBECONFIG: await cluster.kubeconfig({ token: cluster.site.adminToken }) }
  const args = ['services', '--config', config, '-o', 'json'] as const
  const { stdout } = await runWith({ env }, ...args)
  const rows: unknown = JSON.parse(stdout)
  const row = listAt(rows).find((each) => textAt(each, 'name') === name)
  return `${String(at(row, 'checked'))}, ${textAt(row, 'guard')}`
}

it('a protected model that no proxy asks about is counted, and its owner is told, until a policy is there', async () => {
  await cluster.create(inferenceService('team', 'iris', PROTECTED))
  await cluster.create(inferenceService('team', 'open', {}))
  await runPod(cluster, pod('team', 'iris-0', { service: 'iris' }), '10.0.0.1')
  await runPod(cluster, pod('team', 'open-0', { service: 'open' }), '10.0.0.2')
  service = await startClusterService({ kubeconfig: await install(cluster) })
  await service.ready()
  await expect.poll(unguarded, PATIENCE).toEqual(['pod-not-selected 1'])
  await expect
    .poll(() => eventsOf('iris'), PATIENCE)
    .toEqual([expect.stringContaining('no AuthorizationPolicy of kserve-authz selects its pod')])
  expect(await guardOf('iris')).toBe('false, not checked: pod-not-selected (Pod team/iris-0)')
  await applyWhole(cluster, await shippedAt(POLICY))
  await expect.poll(unguarded, PATIENCE).toEqual([])
  expect(await guardOf('iris')).toBe('true, sidecars: checked')
  expect(await eventsOf('open')).toEqual([])
}, 900_000)

it('without a sidecar a model needs a policy at its Gateway', async () => {
  await cluster.create(inferenceService('team', 'bare', PROTECTED))
  const bare = pod('team', 'bare-0', { service: 'bare', containers: ['kserve-container'] })
  await runPod(cluster, bare, '10.0.0.3')
  await expect.poll(unguarded, PATIENCE).toEqual(['gateway-not-guarded 1'])
  // Without the kind of Envoy Gateway's policies Istio's count alone.
  expect(await guardOf('bare')).toBe('false, not checked: gateway-not-guarded')
  for (const crd of loadAll(await readFile(crds, 'utf8')).map(writtenOf))
    if (crd.metadata.name.startsWith('securitypolicies.')) await cluster.installCrd(crd)
  await applyWhole(cluster, await shippedAt(AT_GATEWAY))
  await expect.poll(unguarded, PATIENCE).toEqual([])
  expect(await guardOf('bare')).toBe('true, gateways: checked')
}, 900_000)
