import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { until } from '../../scripts/child.ts'
import { keySecret, llmInferenceService } from '../../testing/cluster/objects.ts'
import { inferenceService, PROTECTED } from '../../testing/cluster/rbac.ts'
import { textAt } from '../../testing/json.ts'
import { INGRESS } from '../../testing/mesh/gateways.ts'
import { type Mesh, startMesh } from '../../testing/mesh/mesh.ts'
import { destination, virtualService } from '../../testing/mesh/objects.ts'
import { componentOf, LLM_PORT, llmPodOf } from '../../testing/mesh/pods.ts'

const KEY = 'a-key-of-sixteen-bytes'
const IRIS = 'sklearn-iris-team.example.com'
/** As in the component for other hosts. */
const OTHER = 'dashboard.example.com'
/** Without a route of its own, like any host that a client makes up. */
const ANY = 'anything.example.net'
const CHAT = '/team/chat/v1/chat/completions'
const INGRESS_POLICY = {
  apiVersion: 'security.istio.io/v1',
  kind: 'AuthorizationPolicy',
  metadata: { namespace: 'istio-system', name: 'kserve-authz-ingress-gateway' },
}

const dashboard = virtualService('apps', 'dashboard', {
  hosts: [OTHER],
  gateways: [INGRESS],
  http: [{ route: [destination('dashboard.apps.svc.cluster.local')] }],
})

let mesh: Mesh
beforeAll(async () => {
  const iris = inferenceService('team', 'sklearn-iris', PROTECTED)
  mesh = await startMesh({
    pods: {
      'sklearn-iris-predictor': { labels: componentOf('sklearn-iris') },
      'chat-0': { labels: llmPodOf('chat'), sidecar: false },
      dashboard: { namespace: 'apps', labels: { app: 'dashboard' }, sidecar: false },
    },
    objects: [
      { ...iris, status: { url: `http://${IRIS}` } },
      llmInferenceService('team', 'chat', 'llama'),
      keySecret('team', 'reader', KEY),
      dashboard,
      virtualService('team', 'sklearn-iris', {
        hosts: [IRIS],
        gateways: [INGRESS],
        http: [{ route: [destination('sklearn-iris-predictor.team.svc.cluster.local')] }],
      }),
      // KServe's routes of LLMs: on every host without another route.
      virtualService('team', 'chat', {
        hosts: ['*'],
        gateways: [INGRESS],
        http: [
          {
            match: [{ uri: { prefix: '/team/chat/' } }],
            rewrite: { uri: '/' },
            route: [destination('chat-0.team.svc.cluster.local', LLM_PORT)],
          },
        ],
      }),
    ],
    shipped: ['overlays/default', 'overlays/gateways-other-hosts'],
  })
})
afterAll(() => mesh?.stop())

/** The server that denied a request without a credential. */
async function deniedAt(host: string): Promise<string> {
  const path = `/v1/models/${randomUUID()}`
  expect(await mesh.ask({ to: 'gateway', host, path })).toMatchObject({
    status: 401,
    reached: [],
  })
  const { decisions } = mesh.service.now()
  const line = await until('the decision', async () =>
    decisions.find((each) => textAt(each, 'path') === path),
  )
  return textAt(line, 'position')
}

const answer = async (host: string, path?: string) => {
  const { status, reached } = await mesh.ask({
    to: 'gateway',
    host,
    ...(path === undefined ? {} : { path }),
  })
  return [status, ...reached.map(({ pod }) => pod)]
}

const chat = (host: string) => answer(host, CHAT)

describe('a gateway that leaves out the hosts of other applications', () => {
  it.each([IRIS, `${IRIS}:8080`, `${IRIS}:80`, IRIS.toUpperCase()])(
    'checks requests to a model: %s',
    async (host) => {
      expect(await deniedAt(host)).toBe('gateway')
    },
  )

  it.each([ANY, `${ANY}:8080`, `${OTHER}.`, `${OTHER}.:8080`, `x.${OTHER}`])(
    'checks requests to an LLM on every other host: %s',
    async (host) => {
      const [status, ...reached] = await chat(host)
      expect([401, 403]).toContain(status)
      expect(reached).toEqual([])
    },
  )

  it.each([OTHER, `${OTHER}:8080`, OTHER.toUpperCase()])(
    'leads to the application, never to an LLM: %s',
    async (host) => {
      expect(await answer(host)).toEqual([200, 'dashboard'])
      expect((await chat(host)).slice(1)).toEqual(['dashboard'])
    },
  )

  it('leads to LLMs without a check on a listed host that has no route', async () => {
    await mesh.cluster.delete(dashboard)
    await expect.poll(async () => (await chat(OTHER)).slice(1)).toEqual(['chat-0'])
    await mesh.cluster.apply(dashboard)
    await expect.poll(async () => (await chat(OTHER)).slice(1)).toEqual(['dashboard'])
  })
})

describe('a gateway that checks listed hosts only', () => {
  const askFor = (operation: object) =>
    mesh.cluster.patch(INGRESS_POLICY, { spec: { rules: [{ to: [{ operation }] }] } })

  it('leads to LLMs without a check on all others', async () => {
    await askFor({ hosts: [IRIS, `${IRIS}:*`] })
    await expect.poll(async () => (await chat(ANY)).slice(1)).toEqual(['chat-0'])
    expect(await deniedAt(IRIS)).toBe('gateway')
  })

  it('misses hosts with a port, because of a wildcard', async () => {
    await askFor({ notHosts: ['*'] })
    await expect.poll(() => deniedAt(IRIS)).toBe('workload')
    await askFor({ hosts: ['*-team.example.com', '*-team.example.com:*'] })
    await expect.poll(() => deniedAt(IRIS)).toBe('gateway')
    expect(await deniedAt(`${IRIS}:8080`)).toBe('workload')
  })
})
