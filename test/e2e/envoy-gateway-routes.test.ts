import { connect } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { until } from '../../scripts/child.ts'
import { head, pathAtModel, type Reply, sendHttp2, sendRaw } from '../../testing/envoy/http.ts'
import { LORA, loraObjects, loraRoutes, OPEN } from '../../testing/envoy-gateway/lora.ts'
import { aBackend, PARENT } from '../../testing/envoy-gateway/objects.ts'
import { type GatewayWorld, startGatewayWorld } from '../../testing/envoy-gateway/world.ts'
import { TEAM_KEY } from '../../testing/reports.ts'
import { startService as startTrusting } from '../../testing/routes/start-service.ts'

const CHAT = '/v1/chat/completions'
const BODY = '{"model":"acme/opt-small","messages":[]}'
const MODEL = 'publishers/team/models/acme/opt-small'
const ADAPTER = 'publishers/team/models/adapter-1'
const header = (model: string) => `x-gateway-model-name: ${model}`

let world: GatewayWorld
let routes: readonly object[]
beforeAll(async () => {
  routes = await loraRoutes()
  world = await startGatewayWorld({ manifests: LORA, routes })
})
afterAll(() => world?.stop())

/** Envoy answers 503 by itself until it has the endpoints of a new policy's cluster. */
const post = (target: string, host: string, ...lines: readonly string[]): Promise<Reply> =>
  until('Envoy answers 503', async () => {
    const reply = await sendRaw(
      world,
      head(`POST ${target} HTTP/1.1`, `Host: ${host}`, `Content-Length: ${BODY.length}`, ...lines) +
        BODY,
    )
    return reply.status === 503 ? undefined : reply
  })

const PROTECTED = ['team/lora-two-inference-pool', 'team/lora-two-kserve-workload-svc']
const reached = () => PROTECTED.flatMap((name) => world.received(name)).length

describe('an LLM', () => {
  it.each<[title: string, target: string, lines: readonly string[], inner: string]>([
    ['by path', `/team/lora-two${CHAT}`, [], CHAT],
    ['by path, on any other host', '/team/lora-two/v2/models/m/infer', [], '/v2/models/m/infer'],
    ['by its model header', CHAT, [header(MODEL)], CHAT],
    ['by the header of an adapter', CHAT, [header(ADAPTER)], CHAT],
    ["by the publisher's path", `/${MODEL}${CHAT}`, [], CHAT],
    [
      "by the publisher's path of an adapter",
      `/${ADAPTER}/v2/models/m/infer`,
      [],
      '/v2/models/m/infer',
    ],
  ])('%s admits only its own key', async (_title, target, lines, inner) => {
    const before = reached()
    expect((await post(target, '203.0.113.51', ...lines)).status).toBe(401)
    expect(reached()).toBe(before)
    const reply = await post(target, '203.0.113.51', ...lines, TEAM_KEY)
    expect([reply.status, pathAtModel(reply)]).toEqual([200, inner])
    expect(reached()).toBe(before + 1)
  })

  it('is selected by its path, even with the header of another model', async () => {
    const lines = [header('publishers/team/models/nobody'), TEAM_KEY]
    expect((await post(`/team/lora-two${CHAT}`, 'any.example.net', ...lines)).status).toBe(200)
  })
})

describe('without a credential no request reaches an LLM', () => {
  const TARGETS = [
    `/team/lora-two${CHAT}`,
    `/TEAM/lora-two${CHAT}`,
    `/x/../team/lora-two${CHAT}`,
    `//team//lora-two${CHAT}`,
    `/team%2FlorA-two${CHAT}`,
    `/team%2flora-two${CHAT}`,
    `/%74eam/lora-two${CHAT}`,
    `/team/./lora-two${CHAT}`,
    `/team/lora-two;x=y${CHAT}`,
    `/team\\lora-two${CHAT}`,
    `/v1/%2e%2e/team/lora-two${CHAT}`,
    `/${MODEL}${CHAT}`,
    `/${ADAPTER}/../adapter-1${CHAT}`,
    CHAT,
    '/healthz',
    `http://203.0.113.51/team/lora-two${CHAT}`,
  ]
  const HOSTS = [OPEN, `${OPEN}:80`, `${OPEN}.`, OPEN.toUpperCase(), '203.0.113.51', 'nobody.test']
  const HEADERS = [[], [header(MODEL)], [header(ADAPTER)], [header(MODEL), header('x')]]

  it.each(TARGETS)('%s', async (target) => {
    const [before, open] = [reached(), world.received('demo/sklearn-iris-predictor').length]
    const seen = new Set<number>()
    for (const host of HOSTS)
      for (const lines of HEADERS) seen.add((await post(target, host, ...lines)).status)
    expect(reached()).toBe(before)
    // The open model stays open on its own host.
    if (target === CHAT) {
      expect(world.received('demo/sklearn-iris-predictor').length).toBeGreaterThan(open)
      expect(seen).toContain(200)
    }
  })
})

const ownRoute = (to: string, port: number) => ({
  apiVersion: 'gateway.networking.k8s.io/v1',
  kind: 'HTTPRoute',
  metadata: { namespace: to.split('/')[0], name: 'own' },
  spec: {
    parentRefs: [PARENT],
    hostnames: ['own.example.com'],
    rules: [{ backendRefs: [{ kind: 'Service', name: to.split('/')[1], port }] }],
  },
})

describe('a route of a tenant', () => {
  const OPEN_SERVICE = ['demo/sklearn-iris-predictor', 80] as const
  const CLOSED_SERVICE = ['team/lora-two-kserve-workload-svc', 8_000] as const
  const ask = async () => (await post(CHAT, 'own.example.com')).status

  it('is judged by its backends', async () => {
    await world.reroute([...routes, ownRoute(...OPEN_SERVICE)])
    await expect.poll(ask).toBe(200)
    await world.reroute([...routes, ownRoute(...CLOSED_SERVICE)])
    await expect.poll(ask).toBe(401)
    expect((await post(CHAT, 'own.example.com', TEAM_KEY)).status).toBe(200)
  })

  it('never opens a model while it is changed, removed and created again', async () => {
    // Under one name it leads to an open model, and then to a protected one.
    const named = ([to, port]: typeof OPEN_SERVICE | typeof CLOSED_SERVICE) => {
      const route = ownRoute(to, port)
      const [namespace, name] = to.split('/')
      const backendRefs = [{ kind: 'Service', namespace, name, port }]
      const metadata = { namespace: 'demo', name: 'moving' }
      return { ...route, metadata, spec: { ...route.spec, rules: [{ backendRefs }] } }
    }
    const grant = {
      apiVersion: 'gateway.networking.k8s.io/v1beta1',
      kind: 'ReferenceGrant',
      metadata: { namespace: 'team', name: 'from-demo' },
      spec: {
        from: [{ group: 'gateway.networking.k8s.io', kind: 'HTTPRoute', namespace: 'demo' }],
        to: [{ group: 'gateway.envoyproxy.io', kind: 'Backend' }],
      },
    }
    const before = reached()
    const answers = new Set<number>()
    let asking = true
    const asker = (async () => {
      while (asking) answers.add(await ask().catch(() => 0))
    })()
    for (let round = 0; round < 2; round += 1) {
      await world.reroute([...routes, named(OPEN_SERVICE)], [grant])
      await world.reroute([...routes, named(CLOSED_SERVICE)], [grant])
      await expect.poll(ask).toBe(401)
      await world.reroute(routes, [grant])
      await expect.poll(ask).toBe(404)
    }
    asking = false
    await asker
    expect(reached()).toBe(before)
    expect(answers).toContain(401)
    await world.reroute([...routes, named(OPEN_SERVICE)], [grant])
    await expect.poll(ask).toBe(200)
  }, 900_000)

  it('with a backend that is not a Kubernetes Service is denied', async () => {
    const route = ownRoute(...OPEN_SERVICE)
    await world.reroute([...routes, route])
    await expect.poll(ask).toBe(200)
    const rules = [
      { backendRefs: [{ group: 'gateway.envoyproxy.io', kind: 'Backend', name: 'any', port: 80 }] },
    ]
    const past = { ...route, spec: { ...route.spec, rules } }
    const backend = aBackend('demo', 'any-80', 9)
    await world.reroute([...routes, past], [backend])
    await expect.poll(ask).toBe(403)
  })
})

describe("a tenant's SecurityPolicy on a route", () => {
  const policy = (spec: object) => ({
    apiVersion: 'gateway.envoyproxy.io/v1alpha1',
    kind: 'SecurityPolicy',
    metadata: { namespace: 'team', name: 'of-a-tenant' },
    spec: {
      targetRefs: [
        { group: 'gateway.networking.k8s.io', kind: 'HTTPRoute', name: 'lora-two-kserve-route' },
      ],
      cors: { allowOrigins: ['https://a.example.com'] },
      ...spec,
    },
  })
  const ask = async () => (await post(`/team/lora-two${CHAT}`, 'any.example.net')).status

  it("replaces the Gateway's: no authorization takes place", async () => {
    await world.reroute(routes)
    await expect.poll(ask).toBe(401)
    await world.reroute(routes, [policy({})])
    await expect.poll(ask).toBe(200)
  })

  it("is merged into the Gateway's with mergeType", async () => {
    await world.reroute(routes, [policy({ mergeType: 'StrategicMerge' })])
    await expect.poll(ask).toBe(401)
    await world.reroute(routes)
    await expect.poll(ask).toBe(401)
  })

  describe('with a context extension that names an open model', () => {
    const service = 'InferenceService/demo/sklearn-iris'
    const contextExtensions = [{ name: 'service', type: 'Value', value: service }]
    /** A policy that calls this port, with a Backend of the tenant's own. */
    const calling = (port: number, merge: object) => {
      const group = 'gateway.envoyproxy.io'
      const name = `authz-${port}`
      const grpc = { backendRefs: [{ group, kind: 'Backend', name }] }
      return [
        aBackend('team', name, port, [`${group}/h2c`]),
        // Envoy keeps the cluster of a policy of the same name.
        {
          ...policy({ ...merge, extAuth: { grpc, contextExtensions } }),
          metadata: { namespace: 'team', name },
        },
      ]
    }

    it.each([
      ["merged into the Gateway's", { mergeType: 'StrategicMerge' }],
      ["in place of the Gateway's", {}],
    ])('opens nothing by default, %s', async (_title, merge) => {
      const before = reached()
      await world.reroute(routes, calling(world.service().grpcPort, merge))
      for (const target of [`/team/lora-two${CHAT}`, `/${MODEL}${CHAT}`, CHAT])
        for (const host of ['203.0.113.51', 'any.example.net'])
          expect([401, 403]).toContain((await post(target, host, header(MODEL))).status)
      expect(reached()).toBe(before)
    })

    it('opens its route if the listener trusts context extensions', async () => {
      const objects = (await loraObjects()).map(Object)
      const gateway = { ...THE_GATEWAY, listen: world.address }
      const trusting = await startTrusting({ objects, gateways: [gateway] }, 'src/main.ts', {
        contextExtensions: 'used',
      })
      try {
        await world.reroute(routes, calling(trusting.ports[gateway.id] ?? 0, {}))
        await expect.poll(ask).toBe(200)
      } finally {
        await world.reroute(routes)
        await trusting.stop()
      }
    })
  })
})

const THE_GATEWAY = {
  id: 'ingress',
  api: 'gateway-api',
  namespace: 'kserve',
  name: 'kserve-ingress-gateway',
  address: '203.0.113.51',
  hostnames: ['*'],
  isKnown: false,
} as const

/** Reads an answer after which the connection may stay open. */
const statusOf = (sent: string) =>
  new Promise<number>((resolve, reject) => {
    const socket = connect(world.port, world.address, () => socket.write(sent, 'latin1'))
    socket.setTimeout(5_000, () => socket.destroy(new Error('no answer in time')))
    socket.once('error', reject)
    socket.once('data', (bytes: Buffer) => {
      socket.destroy()
      resolve(Number(bytes.toString('latin1').split(' ')[1]))
    })
  })

describe('traffic', () => {
  it('of a WebSocket is authorized like any other request', async () => {
    const upgrade = [
      'Upgrade: websocket',
      'Connection: Upgrade',
      'Sec-WebSocket-Version: 13',
      'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
    ]
    const asked = (...lines: readonly string[]) =>
      statusOf(
        ['GET /team/lora-two/v1/realtime HTTP/1.1', 'Host: a', ...upgrade, ...lines, '', ''].join(
          '\r\n',
        ),
      )
    expect(await asked()).toBe(401)
    expect(await asked(TEAM_KEY)).toBe(101)
  })

  it('passes with a body of a megabyte, and as server-sent events', async () => {
    const body = JSON.stringify({ stream: true, messages: [{ content: 'x'.repeat(1_000_000) }] })
    const [name = '', value = ''] = TEAM_KEY.split(': ')
    const asked = (headers: readonly (readonly [string, string])[]) =>
      sendHttp2(world, {
        method: 'POST',
        path: '/team/lora-two/v1/completions',
        authority: 'a',
        headers: [['content-type', 'application/json'], ...headers],
        body,
      })
    expect((await asked([])).status).toBe(401)
    const reply = await asked([[name, value]])
    expect(reply.status).toBe(200)
    expect(reply.body).toContain('data: [DONE]')
  })
})
