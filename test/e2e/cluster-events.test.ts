import { afterAll, afterEach, beforeAll, expect, it } from 'vitest'
import { type Cluster, startCluster } from '../../testing/cluster/cluster.ts'
import { aNamespace, install } from '../../testing/cluster/installation.ts'
import { keySecret, pod, runPod } from '../../testing/cluster/objects.ts'
import { inferenceService, PROTECTED } from '../../testing/cluster/rbac.ts'
import { type ClusterService, startClusterService } from '../../testing/cluster/service.ts'
import { listAt, textAt } from '../../testing/json.ts'

const PATIENCE = { timeout: 60_000, interval: 20 }
const SHARED = 'shared.example.com'
/** The burst; after it, one per second. */
const BURST = 25

let cluster: Cluster
let service: ClusterService | undefined

beforeAll(async () => {
  cluster = await startCluster()
})
afterAll(() => cluster?.stop())
afterEach(() => service?.stop())

const start = async () => {
  service = await startClusterService({ kubeconfig: await install(cluster) })
  await service.ready()
}

async function eventsIn(namespace: string): Promise<readonly string[]> {
  const list = await cluster.get(`/api/v1/namespaces/${namespace}/events`)
  return listAt(list, 'items').map((event) => {
    const object = ['kind', 'name'].map((field) => textAt(event, 'involvedObject', field))
    const said = ['type', 'reason', 'message'].map((field) => textAt(event, field))
    return [...object, ...said].join(' ')
  })
}

const reasonsIn = (log: readonly unknown[] = []) => log.map((line) => textAt(line, 'reason'))

const matching = (...patterns: readonly RegExp[]) =>
  expect.arrayContaining(patterns.map((pattern) => expect.stringMatching(pattern)))

it('events tell owners what is wrong with their objects and why, once each', async () => {
  await cluster.apply(aNamespace('team'))
  const wine = inferenceService('team', 'wine', {
    'security.opendatahub.io/enable-auth': 'maybe',
  })
  await cluster.create(wine)
  await cluster.create(inferenceService('team', 'iris', PROTECTED))
  for (const service of [wine, inferenceService('team', 'iris')]) {
    await cluster.applyStatus(service, { url: `http://${SHARED}` })
  }
  await cluster.create(keySecret('team', 'short', 'short'))
  await cluster.create(keySecret('team', 'newline', 'a-key-with-a-newline\n'))
  await cluster.create({ ...keySecret('team', 'empty', ''), data: {} })
  for (const name of ['one', 'two']) {
    await cluster.create(keySecret('team', name, 'a-key-that-two-secrets-hold'))
  }
  const bare = pod('team', 'iris-0', { service: 'iris', containers: ['kserve-container'] })
  await runPod(cluster, bare, '10.0.0.1')
  await start()
  await expect
    .poll(() => eventsIn('team'), PATIENCE)
    .toEqual(
      matching(
        /^InferenceService wine Warning UnknownEnableAuthValue .*maybe/,
        /^InferenceService (?:iris|wine) Warning SharedHost .*shared\.example\.com/,
        /^Secret short Warning APIKeyRefused .*16/,
        /^Secret newline Warning APIKeyRefused .*newline/,
        /^Secret empty Warning APIKeyRefused .*api_key/,
        /^Secret (?:one|two) Warning CredentialRepeated /,
        /^(?:Pod iris-0|InferenceService iris) Warning NoSidecar .*istio-proxy/,
      ),
    )
  const events = await eventsIn('team')
  expect(events).toHaveLength(new Set(events).size)
  expect(events.join()).not.toContain('a-key')
})

it('the rate of events is bounded', async () => {
  await cluster.apply(aNamespace('many'))
  for (let index = 0; index < 4 * BURST; index += 1) {
    await cluster.create(keySecret('many', `short-${index}`, 'short'))
  }
  const begun = performance.now()
  await start()
  const count = async () => (await eventsIn('many')).length
  await expect.poll(count, PATIENCE).toBeGreaterThan(BURST)
  const written = await count()
  expect(written).toBeLessThanOrEqual(BURST + (performance.now() - begun) / 1_000)
})

it('events tell owners that the protection of a service has changed', async () => {
  await cluster.apply(aNamespace('changing'))
  await cluster.create(inferenceService('changing', 'iris', PROTECTED))
  await cluster.create(inferenceService('changing', 'wine', {}))
  await start()
  await expect.poll(() => reasonsIn(service?.log), PATIENCE).toContain('Protection')
  const iris = inferenceService('changing', 'iris', {
    'security.opendatahub.io/enable-auth': 'false',
  })
  await cluster.apply(iris)
  await cluster.apply(inferenceService('changing', 'wine', PROTECTED))
  await expect
    .poll(() => eventsIn('changing'), PATIENCE)
    .toEqual(
      matching(
        /^InferenceService iris Warning ServiceOpened .*its annotation opens it; before: protected/,
        /^InferenceService wine Normal ServiceProtected .*annotation enable-auth; before: open/,
      ),
    )
  const list = await cluster.get('/api/v1/namespaces/changing/events')
  const uids = listAt(list, 'items').map((event) => textAt(event, 'involvedObject', 'uid'))
  expect(uids.filter((uid) => uid === '')).toEqual([])
})
