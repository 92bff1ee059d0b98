import { readFileSync } from 'node:fs'
import path from 'node:path'
import { load } from 'js-yaml'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Written } from '../../testing/cluster/client.ts'
import { inferenceGraph, keySecret } from '../../testing/cluster/objects.ts'
import { inferenceService, PROTECTED } from '../../testing/cluster/rbac.ts'
import { INGRESS, LOCAL } from '../../testing/mesh/gateways.ts'
import { type Mesh, startMesh } from '../../testing/mesh/mesh.ts'
import { destination, virtualService } from '../../testing/mesh/objects.ts'
import { componentOf, graphPodOf, HTTP_PORT, QUEUE_PROXY_PORT } from '../../testing/mesh/pods.ts'
import { anAccessPolicy } from '../../testing/policies/policies.ts'

const KEY = 'a-key-of-sixteen-bytes'
const WITH_KEY = { authorization: `Bearer ${KEY}` }
const OUTSIDE = 'iris-team.example.com'
const INSIDE = 'iris-predictor.team.svc.cluster.local'
const ACTIVATOR = 'knative-serving/activator'
const GATEWAY = 'istio-system/istio-ingressgateway'

let mesh: Mesh
beforeAll(async () => {
  mesh = await startMesh({
    pods: {
      'iris-predictor': { labels: componentOf('iris') },
      'bare-predictor': {
        labels: { ...componentOf('bare'), 'serving.knative.dev/revision': 'bare-predictor-00001' },
        sidecar: false,
      },
      'peers-predictor': { labels: componentOf('peers') },
      'chain-0': { labels: graphPodOf('chain') },
    },
    config: configOfPage(),
    objects: [
      ...['iris', 'bare'].map((name) => ({
        ...inferenceService('team', name),
        status: { url: `http://${name}-team.example.com` },
      })),
      inferenceService('team', 'peers'),
      inferenceGraph('team', 'chain', PROTECTED),
      keySecret('team', 'reader', KEY),
      ...twoPasses('iris', QUEUE_PROXY_PORT),
      ...twoPasses('bare', 80),
      virtualService('team', 'unknown', {
        hosts: ['unknown.example.com'],
        gateways: [INGRESS],
        http: [{ route: [destination(INSIDE)] }],
      }),
    ],
  })
  const target = { group: 'serving.kserve.io', kind: 'InferenceService', name: 'peers' }
  await mesh.cluster.apply(
    anAccessPolicy({ targetRefs: [target], authentication: { mesh: {} }, allow: [{}] }, 'peers'),
  )
})
afterAll(() => mesh?.stop())

/** The configuration that the page of Gateways gives to mesh admins. */
function configOfPage(): object {
  const page = path.join(import.meta.dirname, '../../docs/istio/kubernetes-gateway.md')
  const [, block = ''] = /```yaml\n([\s\S]*?)```/.exec(readFileSync(page, 'utf8')) ?? []
  return Object(load(block))
}

/** Routes of KServe and Knative: from outside to the gateway's second listener, by the internal name. */
const twoPasses = (name: string, port: number): readonly Written[] => {
  const inside = `${name}-predictor.team.svc.cluster.local`
  const set = { 'KServe-Isvc-Name': name, 'KServe-Isvc-Namespace': 'team' }
  const revision = {
    'Knative-Serving-Namespace': 'team',
    'Knative-Serving-Revision': `${name}-predictor-00001`,
  }
  return [
    virtualService('team', name, {
      hosts: [`${name}-team.example.com`],
      gateways: [INGRESS],
      http: [
        {
          headers: { request: { set } },
          rewrite: { authority: inside },
          route: [destination('knative-local-gateway.istio-system.svc.cluster.local')],
        },
      ],
    }),
    virtualService('team', `${name}-predictor-ingress`, {
      hosts: [inside],
      gateways: [LOCAL],
      http: [{ headers: { request: { set: revision } }, route: [destination(inside, port)] }],
    }),
  ]
}

describe('two passes on one gateway, then the sidecar', () => {
  it('each checks, and the credential reaches the last of them', async () => {
    const before = mesh.service.now().decisions.length
    const { status, reached } = await mesh.ask({ to: 'gateway', host: OUTSIDE, headers: WITH_KEY })

    expect(status).toBe(200)
    expect(reached).toMatchObject([
      {
        pod: 'iris-predictor',
        headers: { host: INSIDE, 'x-auth-request-user': 'apikey:team/reader' },
      },
    ])
    expect(reached[0]?.headers).not.toHaveProperty('authorization')
    const allowed = { name: 'iris', decision: 'allow', credentialKind: 'api-key' }
    await expect
      .poll(() => mesh.service.now().decisions.slice(before))
      .toMatchObject([
        { ...allowed, position: 'gateway' },
        { ...allowed, position: 'gateway' },
        { ...allowed, position: 'workload' },
      ])
  })

  it.each([
    ['gateway', OUTSIDE],
    ['local gateway', INSIDE],
  ])('nobody passes the first check: %s', async (to, host) => {
    expect(await mesh.ask({ to, host })).toMatchObject({ status: 401, reached: [] })
  })
})

describe('two passes on one gateway, to a pod without a sidecar', () => {
  it('the credential reaches the second pass', async () => {
    const asked = { to: 'gateway', host: 'bare-team.example.com', headers: WITH_KEY }
    const { status, reached } = await mesh.ask(asked)

    expect(status).toBe(200)
    expect(reached).toMatchObject([{ pod: 'bare-predictor' }])
    expect(reached[0]?.headers).not.toHaveProperty('authorization')
  })
})

describe("Knative's activator", () => {
  const through = (headers: Readonly<Record<string, string>>) => {
    const { address } = mesh.podNamed('iris-predictor')
    return mesh.ask({
      to: 'iris-predictor',
      as: ACTIVATOR,
      port: QUEUE_PROXY_PORT,
      host: `${address}:${QUEUE_PROXY_PORT}`,
      headers: { 'k-original-host': INSIDE, 'k-proxy-request': 'activator', ...headers },
    })
  }

  it('passes on permitted callers', async () => {
    expect(await through(WITH_KEY)).toMatchObject({
      status: 200,
      reached: [{ pod: 'iris-predictor' }],
    })
  })

  it('is not a caller itself', async () => {
    expect(await through({})).toMatchObject({ status: 401, reached: [] })
  })
})

describe('a model that admits every mesh peer', () => {
  const as = (account: string) =>
    mesh.ask({ to: 'peers-predictor', as: account, host: 'peers-predictor.team' })

  it('admits a client', async () => {
    await expect.poll(async () => (await as('team/client')).status).toBe(200)
  })

  it.each([
    ['the activator', ACTIVATOR],
    ['the ingress gateway', GATEWAY],
    ['the Gateway of KServe', 'kserve/kserve-ingress-gateway-istio'],
    ['a Gateway configured as on its page', 'models/my-gateway-istio'],
  ])('admits nobody behind %s', async (_title, account) => {
    expect(await as(account)).toMatchObject({ status: 401, reached: [] })
  })
})

const ACTIVATOR_PROBE = { 'user-agent': 'Knative-Activator-Probe', 'k-network-probe': 'queue' }
const KUBELET_PROBE = { 'user-agent': 'kube-probe/1.36' }

describe('a probe of the activator', () => {
  it.each(['iris-predictor', 'chain-0'])('reaches queue-proxy: %s', async (to) => {
    const host = `${mesh.podNamed(to).address}:${QUEUE_PROXY_PORT}`
    const asked = { to, as: ACTIVATOR, port: QUEUE_PROXY_PORT, host, path: '/healthz' }

    expect(await mesh.ask({ ...asked, headers: ACTIVATOR_PROBE })).toMatchObject({
      status: 200,
      reached: [{ pod: to }],
    })
  })

  it.each([
    ['another path', { path: '/' }],
    ['another path below it', { path: '/healthz/' }],
    ['another method', { method: 'POST' }],
    ["the graph's own port", { port: HTTP_PORT }],
    ['another client', { headers: KUBELET_PROBE }],
    ['the header alone', { headers: { 'k-network-probe': 'queue' } }],
  ])('runs no graph: %s', async (_title, changed) => {
    const asked = {
      to: 'chain-0',
      as: ACTIVATOR,
      port: QUEUE_PROXY_PORT,
      host: 'chain.team.svc.cluster.local',
      path: '/healthz',
      headers: ACTIVATOR_PROBE,
      ...changed,
    }

    expect(await mesh.ask(asked)).toMatchObject({ status: 401, reached: [] })
  })
})

describe('a probe of the ingress, at a gateway', () => {
  const headers = {
    'user-agent': 'Knative-Ingress-Probe',
    'k-network-probe': 'probe',
    'k-network-hash': 'override',
  }

  it.each([
    ['of an external name', 'gateway', OUTSIDE, 200],
    ['of an internal name', 'local gateway', INSIDE, 200],
    ['of a name without a service', 'gateway', 'unknown.example.com', 403],
  ])('does not get the status of a missing route (404, 503): %s', async (...row) => {
    const [, to, host, status] = row

    expect(await mesh.ask({ to, host, path: '/healthz', headers })).toMatchObject({ status })
  })
})

describe('a graph', () => {
  it('keeps the credential, which its steps need', async () => {
    const asked = {
      to: 'chain-0',
      as: 'team/client',
      port: QUEUE_PROXY_PORT,
      method: 'POST',
      path: '/',
    }
    const { status, reached } = await mesh.ask({
      ...asked,
      host: 'chain.team.svc.cluster.local',
      headers: WITH_KEY,
    })

    expect(status).toBe(404)
    expect(reached).toMatchObject([{ pod: 'chain-0', headers: WITH_KEY }])
  })

  it('calls its steps with the credential of its caller, not its own', async () => {
    const step = { to: 'iris-predictor', from: 'chain-0', host: 'iris.team.svc.cluster.local' }

    expect(await mesh.ask(step)).toMatchObject({ status: 401, reached: [] })
    expect(await mesh.ask({ ...step, headers: WITH_KEY })).toMatchObject({
      status: 200,
      reached: [{ pod: 'iris-predictor' }],
    })
  })

  it('reports its readiness to everybody', async () => {
    const asked = { to: 'chain-0', as: 'team/client', host: 'chain.team' }

    expect(await mesh.ask({ ...asked, path: '/readyz' })).toMatchObject({
      reached: [{ pod: 'chain-0' }],
    })
    expect(await mesh.ask({ ...asked, path: '/readyz/' })).toMatchObject({
      status: 401,
      reached: [],
    })
  })
})
