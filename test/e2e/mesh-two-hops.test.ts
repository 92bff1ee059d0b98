import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { inferenceGraph, keySecret, llmInferenceService } from '../../testing/cluster/objects.ts'
import { inferenceService, PROTECTED } from '../../testing/cluster/rbac.ts'
import { at } from '../../testing/json.ts'
import { INGRESS } from '../../testing/mesh/gateways.ts'
import { type Mesh, startMesh } from '../../testing/mesh/mesh.ts'
import { destination, virtualService } from '../../testing/mesh/objects.ts'
import {
  componentOf,
  GRPC_PORT,
  graphPodOf,
  LLM_PORT,
  llmPodOf,
  QUEUE_PROXY_PORT,
} from '../../testing/mesh/pods.ts'

const KEY = 'a-key-of-sixteen-bytes'
const HOST = 'iris.team.svc.cluster.local'

let mesh: Mesh
beforeAll(async () => {
  mesh = await startMesh({
    pods: {
      'iris-predictor': { labels: componentOf('iris') },
      'iris-transformer': { labels: componentOf('iris', 'transformer') },
      'chain-0': { labels: graphPodOf('chain') },
      'chat-0': { labels: llmPodOf('chat') },
    },
    objects: [
      inferenceService('team', 'iris'),
      inferenceGraph('team', 'chain', PROTECTED),
      llmInferenceService('team', 'chat', 'llama'),
      keySecret('team', 'reader', KEY),
      virtualService('team', 'iris', {
        hosts: [HOST],
        gateways: [INGRESS],
        http: [{ route: [destination('iris-predictor.team.svc.cluster.local')] }],
      }),
    ],
  })
})
afterAll(() => mesh?.stop())

const nobodyAt = { status: 401, reached: [] }

describe('through a gateway and a sidecar', () => {
  it('a valid key is allowed by both', async () => {
    const headers = { 'x-api-key': KEY }
    const { status, reached } = await mesh.ask({ to: 'gateway', host: HOST, headers })

    expect(status).toBe(200)
    expect(reached).toMatchObject([
      { pod: 'iris-predictor', headers: { 'x-auth-request-user': 'apikey:team/reader' } },
    ])
    const allowed = { namespace: 'team', name: 'iris', decision: 'allow' }
    await expect
      .poll(() => mesh.service.now().decisions)
      .toMatchObject([
        { ...allowed, position: 'gateway' },
        { ...allowed, position: 'workload' },
      ])
  })

  it('a caller without a credential is denied at the gateway', async () => {
    expect(await mesh.ask({ to: 'gateway', host: HOST })).toMatchObject(nobodyAt)
  })

  it.each([1, 2] as const)(
    'a caller without a credential is denied at the sidecar: HTTP/%d',
    async (http) => {
      const asked = { to: 'iris-predictor', as: 'team/client', host: HOST, http }

      expect(await mesh.ask(asked)).toMatchObject(nobodyAt)
    },
  )

  it('a sidecar accepts no connection without a certificate', async () => {
    const { address, port } = await mesh.entryOf({ to: 'iris-predictor' })

    await expect(fetch(`http://${address}:${port}/healthz`)).rejects.toThrow('fetch failed')
  })
})

describe('every protected pod is checked, at its', () => {
  it.each([
    ['predictor', 'iris-predictor', undefined],
    ["predictor's gRPC", 'iris-predictor', GRPC_PORT],
    ["predictor's queue-proxy", 'iris-predictor', QUEUE_PROXY_PORT],
    ['transformer', 'iris-transformer', undefined],
    ['graph', 'chain-0', QUEUE_PROXY_PORT],
    ['LLM', 'chat-0', LLM_PORT],
  ])('%s', async (_title, to, port) => {
    const asked = { to, host: `${to}.team`, ...(port === undefined ? {} : { port }) }

    expect(await mesh.ask({ ...asked, as: 'team/client' })).toMatchObject(nobodyAt)
  })
})

describe('the annotation of a service', () => {
  const asked = [
    { to: 'gateway', host: HOST },
    { to: 'iris-predictor', as: 'team/client', host: HOST },
  ]
  const statuses = async () => (await Promise.all(asked.map(mesh.ask))).map(({ status }) => status)
  const touched = async () => ({
    pod: await versionOf('/api/v1/namespaces/team/pods/iris-predictor'),
    route: await versionOf('/apis/networking.istio.io/v1/namespaces/team/virtualservices/iris'),
    listeners: (await mesh.gatewayProxy.ask('/config_dump?resource=dynamic_listeners')).text,
  })
  const versionOf = async (path: string) =>
    at(await mesh.cluster.get(path), 'metadata', 'resourceVersion')

  it('counts at every position, without a change of pods or routes', async () => {
    const before = await touched()
    const iris = inferenceService('team', 'iris')
    for (const [value, status] of [
      ['false', 200],
      ['true', 401],
      [null, 200],
      ['True', 401],
    ] as const) {
      const annotations = { 'security.opendatahub.io/enable-auth': value }
      await mesh.cluster.patch(iris, { metadata: { annotations } })
      await expect.poll(statuses, { interval: 10 }).toEqual([status, status])
    }
    expect(await touched()).toEqual(before)
  })
})
