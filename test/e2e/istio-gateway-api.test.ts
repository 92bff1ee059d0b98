import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { findKubectl } from '../../scripts/kubectl.ts'
import { writeAdminKubeconfig } from '../../testing/cluster/cluster.ts'
import { keySecret } from '../../testing/cluster/objects.ts'
import { PROTECTED, readerRole, roleBinding, serviceAccount } from '../../testing/cluster/rbac.ts'
import { commandOf, remarkOf } from '../../testing/documented.ts'
import { BY_ISTIO_GATEWAY, runBy } from '../../testing/documented-table.ts'
import { forgedRequest, isOpen } from '../../testing/envoy-gateway/forged.ts'
import {
  ADDRESS,
  type IstioWorld,
  ownersOf,
  startIstioWorld,
} from '../../testing/kserve/istio-world.ts'
import { llm } from '../../testing/kserve/llm.ts'
import { INGRESS, reachedBy } from '../../testing/kserve/reached.ts'
import { type Asked, requestsFor } from '../../testing/kserve/requests.ts'
import { idOf } from '../../testing/kserve/snapshot.ts'
import { createRandom } from '../../testing/routes/random.ts'
import { createLine, type Sent } from '../../testing/routes/wire.ts'
import { shell } from '../../testing/shell.ts'

const KEYS = {
  team: 'the-key-of-the-team-not-a-secret',
  other: 'the-key-of-the-others-not-a-secret',
  iris: 'the-key-of-iris-not-a-secret',
}

const container = { containers: [{ name: 'kserve-container', image: 'example.com/model:1' }] }

const predictive = (namespace: string, name: string, annotations: object, more: object = {}) => ({
  apiVersion: 'serving.kserve.io/v1beta1',
  kind: 'InferenceService',
  metadata: { namespace, name, annotations },
  spec: { predictor: container, ...more },
})

/** Without a scheduler: with one, Envoy asks the scheduler's program, which is missing here. */
const router = { route: {}, gateway: {} }
const OPEN = { annotations: { 'security.opendatahub.io/enable-auth': 'false' } }
const adapters = [
  { name: 'sql', uri: 'hf://example/sql' },
  { name: 'acme/law', uri: 'hf://example/law' },
]

/** A route of a tenant, to the model of another owner in the namespace. */
const OWN_ROUTE = {
  apiVersion: 'gateway.networking.k8s.io/v1',
  kind: 'HTTPRoute',
  metadata: { namespace: 'team', name: 'shop' },
  spec: {
    parentRefs: [{ namespace: 'kserve', name: 'kserve-ingress-gateway' }],
    hostnames: ['shop.example.net'],
    rules: [{ backendRefs: [{ name: 'iris-predictor', port: 80 }] }],
  },
}

/** The ServiceAccount `default` may call every service of its namespace. */
const mayGet = (namespace: string) => [
  serviceAccount(namespace, 'default'),
  {
    ...readerRole(namespace, 'callers'),
    rules: [{ apiGroups: ['serving.kserve.io'], resources: ['*'], verbs: ['get'] }],
  },
  roleBinding(namespace, 'callers', 'callers', {
    kind: 'ServiceAccount',
    namespace,
    name: 'default',
  }),
]

const OBJECTS = [
  predictive('team', 'iris', PROTECTED),
  predictive('team', 'driver', PROTECTED, { transformer: container }),
  predictive('team', 'free', {}),
  predictive('other', 'iris', PROTECTED),
  llm('plain', { router }),
  llm('tuned', {
    router,
    model: { uri: 'hf://example/m', name: 'tuned-base', lora: { adapters } },
  }),
  llm('gratis', { router }, OPEN),
  llm('plain', { router }, {}, 'other'),
  OWN_ROUTE,
  ...mayGet('team'),
  keySecret('team', 'key', KEYS.team),
  keySecret('other', 'key', KEYS.other),
  keySecret('team', 'of-iris', KEYS.iris, 'iris'),
]

/** Nothing is open by its path. */
const CONFIG = {
  exclusions: { gateway: { InferenceService: [], LLMInferenceService: [] } },
}

let world: IstioWorld
let asked: readonly Asked[]
beforeAll(async () => {
  world = await startIstioWorld(OBJECTS, CONFIG)
  asked = requestsFor(world.snapshot)
}, 900_000)
afterAll(() => world?.stop())

const requests = () => asked.filter(({ gateway }) => gateway !== INGRESS)

const openIds = () =>
  new Set(
    [...world.snapshot.inferenceServices, ...world.snapshot.llmInferenceServices]
      .filter(isOpen)
      .map(idOf),
  )

const namespaceOf = (id = '') => (id.includes(' other/') ? 'other' : 'team')

/** Sends a request; resolves with its status and the services whose pods got it. */
function createClient() {
  const line = createLine(world.gateway)
  const seen = new Map<string, number>()
  const arrivals = () =>
    [...world.pods]
      .filter(([name, pod]) => {
        const [count, before] = [pod.received().length, seen.get(name) ?? 0]
        seen.set(name, count)
        return count > before
      })
      .flatMap(([name]) => ownersOf(world, name))
  arrivals()
  const send = async (sent: Sent) => ({
    status: (await line.send(sent)).status,
    reached: arrivals(),
  })
  return {
    send,
    ask: ({ host, path, headers }: Asked, key?: string) =>
      send({
        method: 'POST',
        target: path,
        headers: [
          ['Host', host],
          ...Object.entries(headers),
          ...(key === undefined ? [] : [['x-api-key', key] as const]),
        ],
      }),
    close: line.close,
  }
}

let client: ReturnType<typeof createClient>
beforeAll(() => {
  client = createClient()
})
afterAll(() => client?.close())

/** By a model header alone only the root and the paths of model APIs are allowed. */
const isPromised = ({ origin, path }: Asked) => origin !== 'odd' && path !== '/some/path'

describe('requests through the HTTPRoutes of KServe, at a Gateway of Istio,', () => {
  it('reach the model of the route with its key', async () => {
    const found = []
    let promised = 0
    for (const one of requests()) {
      const expected = reachedBy(world.snapshot, one)
      const { status, reached } = await client.ask(one, KEYS[namespaceOf(expected[0])])
      if (isPromised(one)) promised += 1
      const wanted = isPromised(one) || reached.length > 0 ? expected : []
      if (reached.join() !== wanted.join()) found.push({ one, status, reached, expected })
    }
    expect(found).toEqual([])
    expect(promised).toBeGreaterThan(200)
  })

  it.each<[title: string, key: string | undefined, permitted: string]>([
    ['without a credential reach open models only', undefined, ''],
    [
      'with a key of another service reach open models only',
      KEYS.iris,
      'InferenceService team/iris',
    ],
    ['with an unknown key reach open models only', 'an-unknown-key-not-a-secret', ''],
  ])('%s', async (_title, key, permitted) => {
    const open = openIds()
    const found = []
    const counts = { refused: 0, reached: 0 }
    for (const one of requests()) {
      const { status, reached } = await client.ask(one, key)
      if (status === 401 || status === 403) counts.refused += 1
      if (reached.length > 0) counts.reached += 1
      if (reached.some((id) => !open.has(id) && id !== permitted)) found.push({ one, reached })
    }
    expect(found).toEqual([])
    expect(Math.min(...Object.values(counts))).toBeGreaterThan(100)
  })

  it('reach open models only if they are forged, in any spelling', async () => {
    const [open, random, routes] = [
      openIds(),
      createRandom(18),
      world.snapshot.httpRoutes.map(Object),
    ]
    const found = []
    const counts = { 401: 0, 403: 0, open: 0 }
    for (let count = 0; count < FORGED; count += 1) {
      const sent = forgedRequest(routes, random)
      const { status, reached } = await client.send(sent)
      if (status === 401 || status === 403) counts[status] += 1
      if (reached.length > 0) counts.open += 1
      if (reached.some((id) => !open.has(id))) found.push({ sent, reached })
    }
    expect(found).toEqual([])
    expect(Math.min(...Object.values(counts))).toBeGreaterThan(20)
  })

  it('of a tenant lead to the model of its backend, which is protected there as well', async () => {
    const one = shop()
    expect(await client.ask(one)).toEqual({ status: 401, reached: [] })
    expect(await client.ask(one, KEYS.other)).toEqual({ status: 401, reached: [] })
    expect(await client.ask(one, KEYS.iris)).toEqual({
      status: 200,
      reached: ['InferenceService team/iris'],
    })
  })

  it('are 503 while the service is stopped, even to an open model', async () => {
    await world.service.stop()
    const free = { ...shop(), host: 'free-team.example.com' }
    expect(await client.ask(free)).toEqual({ status: 503, reached: [] })
    expect(await client.ask(shop(), KEYS.iris)).toEqual({ status: 503, reached: [] })
    await world.service.start()
    await expect.poll(async () => (await client.ask(free)).status).toBe(200)
  })
})

describe('the page of this Gateway', () => {
  const [address = '', ...statements] = runBy(BY_ISTIO_GATEWAY).map(({ statement }) => statement)

  it('begins with the address of the Gateway', () => {
    expect([address.slice(0, 2), statements.length]).toEqual(['G=', 3])
  })

  it.each(statements)('is right: %s', async (statement) => {
    const { folder } = world.cluster.site
    // A client outside the cluster reaches the external address through the load balancer.
    const { host, port } = world.gateway
    await writeFile(path.join(folder, '.curlrc'), `connect-to = "${ADDRESS}:80:${host}:${port}"\n`)
    const env = {
      KUBECONFIG: await writeAdminKubeconfig(world.cluster.site),
      CURL_HOME: folder,
      PATH: `${path.dirname(await findKubectl(() => {}))}:${process.env.PATH}`,
    }
    const script = [address, 'TOKEN=$(kubectl -n team create token default)', commandOf(statement)]
    const run = () => shell(script.join('\n').replace('/llama/', '/plain/'), { cwd: folder, env })
    await expect
      .poll(async () => (await run()).output.trim(), { timeout: 60_000, interval: 200 })
      .toBe(remarkOf(statement))
  })
})

const FORGED = 2_000

const shop = (): Asked => ({
  gateway: 'kserve/kserve-ingress-gateway',
  host: 'shop.example.net',
  path: '/v1/models/m:predict',
  headers: {},
  origin: 'route',
  about: 'HTTPRoute team/shop',
})
