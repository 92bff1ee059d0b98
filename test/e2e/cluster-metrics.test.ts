import { afterAll, beforeAll, expect, it } from 'vitest'
import { verdictOf } from '../../testing/cluster/asking.ts'
import { install } from '../../testing/cluster/installation.ts'
import { inferenceGraph, keySecret, llmInferenceService } from '../../testing/cluster/objects.ts'
import { API_FAULTS, type ClusterProxy, startClusterProxy } from '../../testing/cluster/proxy.ts'
import { inferenceService, PROTECTED } from '../../testing/cluster/rbac.ts'
import { type ClusterService, startClusterService } from '../../testing/cluster/service.ts'
import { startTokenCluster, type TokenCluster } from '../../testing/cluster/token-cluster.ts'

const PATIENCE = { timeout: 60_000, interval: 20 }
const KEY = 'a-key-of-sixteen-bytes'
/** By watched resource, and by kind of request. */
const WATCHED = [
  'accesspolicies',
  'clusterrolebindings',
  'clusterroles',
  'configmaps',
  'grpcroutes',
  'httproutes',
  'inferencegraphs',
  'inferenceservices',
  'llminferenceserviceconfigs',
  'llminferenceservices',
  'pods',
  'rolebindings',
  'roles',
  'secrets',
  'serviceaccounts',
]
const RESOURCES = [...WATCHED, 'openid-configuration'].toSorted()

let cluster: TokenCluster
let proxy: ClusterProxy
let service: ClusterService

beforeAll(async () => {
  cluster = await startTokenCluster()
  for (const object of [
    inferenceService('team', 'wine', {}),
    inferenceGraph('team', 'chain', PROTECTED),
    llmInferenceService('team', 'chat', 'llama'),
    keySecret('team', 'one', KEY),
    keySecret('team', 'two', `${KEY}-two`),
  ]) {
    await cluster.create(object)
  }
  proxy = await startClusterProxy(cluster.site)
  for (const kind of ['secrets', 'roles']) proxy.fail(kind, API_FAULTS['a status of 500'])
  const kubeconfig = await install(cluster, 'rbac.yaml', proxy.port)
  service = await startClusterService({ kubeconfig })
})
afterAll(async () => {
  await service?.stop()
  await cluster?.stop()
  await proxy?.close()
})

/** Samples of a metric by their labels in text form. */
async function samplesOf(name: string): Promise<ReadonlyMap<string, number>> {
  const { text } = await service.read('/metrics')
  const lines = text.matchAll(new RegExp(`^kserve_authz_${name}(?:\\{(.*)\\})? (\\S+)$`, 'gm'))
  return new Map([...lines].map(([, labels = '', value]) => [labels, Number(value)] as const))
}

const sampleOf = async (name: string, labels = '') => (await samplesOf(name)).get(labels)

const resourcesWith = async (value: number): Promise<readonly string[]> =>
  [...(await samplesOf('watch_synced'))]
    .filter(([, synced]) => synced === value)
    .map(([labels]) => labels.replace(/^resource="(.*)"$/, '$1'))
    .toSorted()

it('show which objects are known, and which are not', async () => {
  const others = RESOURCES.filter((each) => !['secrets', 'roles'].includes(each))
  await expect.poll(() => resourcesWith(1), PATIENCE).toEqual(others)
  expect(await resourcesWith(0)).toEqual(['roles', 'secrets'])
  expect(await sampleOf('instant_revocation')).toBe(0)
  const restarts = () => sampleOf('watch_restarts_total', 'resource="roles"')
  await expect.poll(restarts, PATIENCE).toBeGreaterThan(1)
  expect(await sampleOf('watch_restarts_total', 'resource="pods"')).toBe(0)
  for (const kind of ['secrets', 'roles']) proxy.fail(kind, undefined)
  await service.ready()
  expect(await resourcesWith(1)).toEqual(RESOURCES)
  expect(await sampleOf('instant_revocation')).toBe(1)
})

it('count known objects', async () => {
  expect(await sampleOf('api_keys')).toBe(2)
  const services = [...(await samplesOf('services'))].filter(([, count]) => count > 0)
  expect(Object.fromEntries(services)).toEqual({
    'kind="InferenceGraph",protection="protected"': 1,
    'kind="InferenceService",protection="open"': 1,
    'kind="InferenceService",protection="protected"': 1,
    'kind="LLMInferenceService",protection="protected"': 1,
  })
})

it('count answers, API requests and cache entries', async () => {
  const token = await cluster.tokenFor('team', 'reader')
  for (let tries = 0; tries < 3; tries += 1) {
    expect(await verdictOf(service.gateway, { token })).toBe('allow')
  }
  await verdictOf(service.gateway, { token: KEY })
  await verdictOf(service.gateway, {})
  await verdictOf(service.gateway, { host: 'nobody.example.com' })
  const iris = 'namespace="team",name="iris"'
  expect(Object.fromEntries(await samplesOf('checks_total'))).toEqual({
    [`${iris},decision="allow",reason="",credential_kind="kubernetes"`]: 3,
    [`${iris},decision="allow",reason="",credential_kind="api-key"`]: 1,
    [`${iris},decision="deny",reason="missing-credential",credential_kind="none"`]: 1,
    'namespace="",name="",decision="deny",reason="unknown-target",credential_kind="none"': 1,
  })
  for (const dependency of ['tokenreview', 'subjectaccessreview']) {
    const labels = `dependency="${dependency}",result="success"`
    expect(await sampleOf('dependency_requests_total', labels)).toBe(1)
    const count = 'dependency_duration_seconds_count'
    expect(await sampleOf(count, `dependency="${dependency}"`)).toBe(1)
  }
  for (const cache of ['token', 'permission']) {
    expect(await sampleOf('cache_requests_total', `cache="${cache}",result="hit"`)).toBe(2)
    expect(await sampleOf('cache_requests_total', `cache="${cache}",result="miss"`)).toBe(1)
    expect(await sampleOf('cache_entries', `cache="${cache}"`)).toBe(1)
  }
})

it('show an outage by the age of the data, and its end', async () => {
  const ages = () => samplesOf('watch_age_seconds')
  expect([...(await ages()).keys()].toSorted()).toEqual(
    WATCHED.map((resource) => `resource="${resource}"`),
  )
  const [before = 0] = [await sampleOf('watch_restarts_total', 'resource="secrets"')]
  proxy.fail('', API_FAULTS['a reset'])
  proxy.cut()
  const youngest = async () => Math.min(...(await ages()).values())
  await expect.poll(youngest, PATIENCE).toBeGreaterThan(2)
  expect(await sampleOf('instant_revocation')).toBe(0)
  expect(await resourcesWith(1)).toEqual(RESOURCES)
  expect(await sampleOf('watch_restarts_total', 'resource="secrets"')).toBeGreaterThan(before)
  proxy.fail('', undefined)
  await expect.poll(() => sampleOf('instant_revocation'), PATIENCE).toBe(1)
})
