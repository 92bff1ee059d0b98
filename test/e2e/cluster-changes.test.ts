import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type Asked, verdictOf } from '../../testing/cluster/asking.ts'
import { type Cluster, startCluster } from '../../testing/cluster/cluster.ts'
import { aNamespace, install } from '../../testing/cluster/installation.ts'
import {
  inferenceGraph,
  keySecret,
  kserveConfiguration,
  llmInferenceService,
  llmInferenceServiceConfig,
  pod,
  runningAt,
  runPod,
} from '../../testing/cluster/objects.ts'
import { inferenceService, PROTECTED } from '../../testing/cluster/rbac.ts'
import { type ClusterService, startClusterService } from '../../testing/cluster/service.ts'

const PATIENCE = { timeout: 60_000, interval: 10 }
const ENABLE_AUTH = 'security.opendatahub.io/enable-auth'
const IRIS = inferenceService('team', 'iris')

let cluster: Cluster
let service: ClusterService
let count = 0

beforeAll(async () => {
  cluster = await startCluster()
  for (const name of ['team', 'other']) await cluster.apply(aNamespace(name))
  await cluster.create(IRIS)
  await cluster.create(inferenceService('team', 'wine', {}))
  service = await startClusterService({ kubeconfig: await install(cluster) })
  await service.ready()
})
afterAll(async () => {
  await service?.stop()
  await cluster?.stop()
})
beforeEach(() => {
  count += 1
})

const aKey = () => `a-key-of-sixteen-bytes-${count}`

const becomes = (verdict: string, asked: Asked) =>
  expect.poll(() => verdictOf(service.gateway, asked), PATIENCE).toBe(verdict)

const becomesAt = (ip: string, verdict: string, asked: Asked = {}) =>
  expect
    .poll(() => verdictOf(service.workload, { host: `${ip}:8080`, ...asked, pod: ip }), PATIENCE)
    .toBe(verdict)

describe('a Secret with a key', () => {
  const opened = async (services?: string) => {
    const secret = keySecret('team', `key-${count}`, aKey(), services)
    await cluster.create(secret)
    await becomes('allow', { token: aKey() })
    return secret
  }

  it('grants access when it is created, and none after it is deleted', async () => {
    await cluster.delete(await opened())
    await becomes('unknown-api-key', { token: aKey() })
  })

  it('grants access only with its new key after a change', async () => {
    const secret = await opened()
    const next = `${aKey()}-next`
    await cluster.patch(secret, { data: { api_key: Buffer.from(next).toString('base64') } })
    await becomes('unknown-api-key', { token: aKey() })
    await becomes('allow', { token: next })
  })

  it('grants no access without its label, and again with it', async () => {
    const secret = await opened()
    const label = (value: string | null) =>
      cluster.patch(secret, { metadata: { labels: { 'kserve-authz.io/credential': value } } })
    await label(null)
    await becomes('unknown-api-key', { token: aKey() })
    await label('api-key')
    await becomes('allow', { token: aKey() })
  })

  it('grants access to other services when it is retargeted', async () => {
    const secret = await opened('iris')
    await cluster.patch(secret, {
      metadata: { annotations: { 'kserve-authz.io/services': 'wine' } },
    })
    await becomes('key-not-for-service', { token: aKey() })
  })

  it('gives another user name when it is renamed, and only the new one', async () => {
    await cluster.delete(await opened())
    const renamed = keySecret('team', `renamed-${count}`, aKey())
    await cluster.create(renamed)
    await becomes('allow', { token: aKey() })
    await cluster.delete(renamed)
    await becomes('unknown-api-key', { token: aKey() })
  })

  it('grants nothing if another Secret has the same key', async () => {
    await opened()
    await cluster.create(keySecret('team', `twin-${count}`, aKey()))
    await becomes('unknown-api-key', { token: aKey() })
  })

  it('grants nothing in another namespace', async () => {
    await cluster.create(keySecret('other', `key-${count}`, aKey()))
    await cluster.create(keySecret('team', `seen-${count}`, `${aKey()}-seen`))
    await becomes('allow', { token: `${aKey()}-seen` })
    expect(await verdictOf(service.gateway, { token: aKey() })).toBe('unknown-api-key')
  })
})

describe('the annotation of a service', () => {
  const WINE = { host: 'wine.team.svc' }
  const annotate = (value: string | null) =>
    cluster.patch(inferenceService('team', 'wine'), {
      metadata: { annotations: { [ENABLE_AUTH]: value } },
    })

  it('protects it when set, and opens it when set to false and when removed', async () => {
    await becomes('allow', WINE)
    await annotate('true')
    await becomes('missing-credential', WINE)
    await annotate('false')
    await becomes('allow', WINE)
    await annotate('maybe')
    await becomes('missing-credential', WINE)
    await annotate(null)
    await becomes('allow', WINE)
  })
})

describe('a pod', () => {
  const address = () => `10.1.0.${count}`

  it('is known by its addresses until it is deleted', async () => {
    const iris = pod('team', `iris-${count}`, { service: 'iris' })
    await runPod(cluster, iris, address(), `fd00::${count}`)
    await becomesAt(address(), 'missing-credential')
    await becomesAt(`fd00::${count}`, 'missing-credential', { host: `[fd00::${count}]:8080` })
    await cluster.delete(iris)
    await becomesAt(address(), 'unknown-target')
  })

  it('takes over the address of an earlier pod of another service', async () => {
    const iris = pod('team', `iris-${count}`, { service: 'iris' })
    await runPod(cluster, iris, address())
    await becomesAt(address(), 'missing-credential')
    await cluster.delete(iris)
    await runPod(cluster, pod('team', `wine-${count}`, { service: 'wine' }), address())
    await becomesAt(address(), 'allow')
  })

  it('that is finished has no address any more', async () => {
    const iris = pod('team', `iris-${count}`, { service: 'iris' })
    await runPod(cluster, iris, address())
    await becomesAt(address(), 'missing-credential')
    await cluster.applyStatus(iris, { ...runningAt(address()), phase: 'Succeeded' })
    await becomesAt(address(), 'unknown-target')
  })
})

describe('a service', () => {
  it('answers at the host of its status', async () => {
    const [host, next] = [`a${count}.example.com`, `b${count}.example.com`]
    await cluster.applyStatus(IRIS, { url: `http://${host}` })
    await becomes('missing-credential', { host })
    await cluster.applyStatus(IRIS, { url: `http://${next}` })
    await becomes('missing-credential', { host: next })
    await becomes('unknown-target', { host })
  })

  it('answers at the hosts that KServe is configured with at that moment', async () => {
    const host = 'iris-team.models.example.com'
    await becomes('unknown-target', { host })
    await cluster.create(kserveConfiguration({ ingressDomain: 'models.example.com' }))
    await becomes('missing-credential', { host })
    await cluster.apply(kserveConfiguration({ ingressDomain: 'models.example.org' }))
    await becomes('missing-credential', { host: 'iris-team.models.example.org' })
    await becomes('unknown-target', { host })
    await cluster.delete(kserveConfiguration({}))
    await becomes('unknown-target', { host: 'iris-team.models.example.org' })
  })

  it('that is an LLMInferenceService answers at its paths', async () => {
    const [host, path] = ['gateway.example.com', '/publishers/team/models/llama/v1/completions']
    const llama = llmInferenceService('team', 'chat', 'llama')
    await cluster.create(llama)
    await becomes('missing-credential', { host, path })
    await cluster.patch(llama, { spec: { model: { name: 'other' } } })
    await becomes('unknown-target', { host, path })
    await becomes('missing-credential', { host, path: '/team/chat/v1/completions' })
    await cluster.delete(llama)
    await becomes('unknown-target', { host, path: '/team/chat/v1/completions' })
  })

  it('that is an LLMInferenceService has the model of its base configuration', async () => {
    const host = 'gateway.example.com'
    const pathOf = (model: string) => `/publishers/team/models/${model}/v1/completions`
    const base = llmInferenceServiceConfig('team', 'base', 'llama')
    const preset = llmInferenceServiceConfig('kserve', 'base', 'of-kserve')
    const based = {
      ...llmInferenceService('team', 'chat', ''),
      spec: { baseRefs: [{ name: 'base' }], model: { uri: 'hf://x/y' } },
    }
    await cluster.create(based)
    await becomes('missing-credential', { host, path: pathOf('chat') })
    await cluster.create(preset)
    await becomes('missing-credential', { host, path: pathOf('of-kserve') })
    await cluster.create(base)
    await becomes('missing-credential', { host, path: pathOf('llama') })
    await becomes('unknown-target', { host, path: pathOf('of-kserve') })
    await cluster.patch(base, { spec: { model: { name: 'llama-2' } } })
    await becomes('missing-credential', { host, path: pathOf('llama-2') })
    await becomes('unknown-target', { host, path: pathOf('llama') })
    for (const object of [base, preset, based]) await cluster.delete(object)
    await becomes('unknown-target', { host, path: pathOf('llama-2') })
  })

  it('that is an InferenceGraph answers at its name', async () => {
    const graph = inferenceGraph('team', 'chain', PROTECTED)
    await cluster.create(graph)
    await becomes('missing-credential', { host: 'chain.team.svc.cluster.local' })
    await cluster.delete(graph)
    await becomes('unknown-target', { host: 'chain.team.svc.cluster.local' })
  })
})
