import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { keySecret } from '../../testing/cluster/objects.ts'
import { inferenceService } from '../../testing/cluster/rbac.ts'
import { type Mesh, startMesh } from '../../testing/mesh/mesh.ts'
import { componentOf, QUEUE_PROXY_PORT } from '../../testing/mesh/pods.ts'

const KEY = 'a-key-of-sixteen-bytes'
const WITH_KEY = { 'x-api-key': KEY }

let mesh: Mesh
beforeAll(async () => {
  mesh = await startMesh({
    pods: {
      'iris-predictor': { labels: componentOf('iris') },
      'open-predictor': { labels: componentOf('open') },
      'foreign-predictor': { labels: { component: 'predictor' } },
      'orphan-predictor': { labels: componentOf('deleted') },
    },
    objects: [
      {
        ...inferenceService('team', 'iris'),
        status: { url: 'http://iris-team.example.com' },
      },
      {
        ...inferenceService('team', 'open', {}),
        status: { url: 'http://open-team.example.com' },
      },
      keySecret('team', 'reader', KEY, 'iris'),
    ],
  })
})
afterAll(() => mesh?.stop())

const askIris = (host: string, headers: Readonly<Record<string, string>> = {}, port = 8080) =>
  mesh.ask({ to: 'iris-predictor', as: 'team/client', host, headers, port })

const IRIS_SERVED = { status: 200, reached: [{ pod: 'iris-predictor' }] }

describe('the sidecar of a protected model asks about its own service, whatever the Host:', () => {
  it.each([
    ['its external name', 'iris-team.example.com'],
    ['its short name', 'iris-predictor'],
    ['its name', 'iris-predictor.team'],
    ['its full name', 'iris-predictor.team.svc.cluster.local'],
    ['with a port', 'iris-predictor.team.svc.cluster.local:80'],
    ['in upper case', 'IRIS-PREDICTOR.TEAM.SVC'],
    ['with a trailing dot', 'iris-predictor.team.svc.cluster.local.'],
    ['the ClusterIP', '10.0.0.17'],
    ['the ClusterIP with a port', '10.0.0.17:80'],
    ['a private Service of a revision', 'iris-predictor-00001-private.team'],
    ['an unknown alias', 'models.corp.example'],
    ['an address of IPv6', '[fd00::1]:8080'],
  ])('%s', async (_title, host) => {
    expect(await askIris(host)).toMatchObject({ status: 401, reached: [] })
    expect(await askIris(host, WITH_KEY)).toMatchObject(IRIS_SERVED)
  })

  it("the pod's address", async () => {
    const { address } = mesh.podNamed('iris-predictor')
    for (const host of [address, `${address}:8080`]) {
      expect(await askIris(host)).toMatchObject({ status: 401, reached: [] })
      expect(await askIris(host, WITH_KEY)).toMatchObject(IRIS_SERVED)
    }
  })
})

describe('the Host of an open service opens no other:', () => {
  it.each([
    'open-team.example.com',
    'OPEN-team.example.com',
    'open-team.example.com.',
    'open-team.example.com:8080',
    'open.team',
    'open.team.svc',
    'open.team.svc.cluster.local',
    'open-predictor.team.svc.cluster.local:80',
  ])('%s', async (host) => {
    for (const headers of [{}, WITH_KEY])
      expect(await askIris(host, headers)).toMatchObject({ status: 403, reached: [] })
  })

  it('nor over HTTP/2', async () => {
    const asked = { to: 'iris-predictor', as: 'team/client', http: 2 } as const
    const host = 'open.team.svc.cluster.local'

    expect(await mesh.ask({ ...asked, host })).toMatchObject({ status: 403, reached: [] })
  })

  it.each(['foreign-predictor', 'orphan-predictor'])(
    'nor at a pod of an unknown service: %s',
    async (to) => {
      for (const host of ['open.team.svc.cluster.local', `${to}.team`]) {
        const answer = await mesh.ask({ to, as: 'team/client', host })
        expect(answer).toMatchObject({ status: 403, reached: [] })
        expect(answer.headers['x-ext-auth-reason']).toBe('no such service')
      }
    },
  )

  it('while the open service is open', async () => {
    for (const host of ['open.team.svc', '10.0.0.18', mesh.podNamed('open-predictor').address]) {
      const answer = await mesh.ask({ to: 'open-predictor', as: 'team/client', host })
      expect(answer).toMatchObject({ status: 200, reached: [{ pod: 'open-predictor' }] })
    }
  })
})

describe('nothing else that a client sends selects the service:', () => {
  const OPEN_HOST = 'open-predictor.team.svc.cluster.local'

  it.each([
    ['K-Original-Host', { 'k-original-host': OPEN_HOST }],
    ['KServe-Isvc-*', { 'kserve-isvc-name': 'open', 'kserve-isvc-namespace': 'team' }],
    [
      'Knative-Serving-*',
      { 'knative-serving-namespace': 'team', 'knative-serving-revision': 'open-predictor-00001' },
    ],
    ['X-Forwarded-Host', { 'x-forwarded-host': OPEN_HOST, forwarded: `host=${OPEN_HOST}` }],
    ['X-Original-Host', { 'x-original-host': OPEN_HOST, 'x-host': OPEN_HOST }],
    ['the path of another', { 'x-envoy-original-path': '/healthz', 'x-original-url': '/healthz' }],
    ['a model', { 'x-gateway-model-name': 'publishers/team/models/open' }],
    ['an upstream', { 'x-envoy-decorator-operation': `${OPEN_HOST}:80/*` }],
    [
      'a certificate',
      { 'x-forwarded-client-cert': 'URI=spiffe://cluster.local/ns/team/sa/default' },
    ],
    ['a probe', { 'user-agent': 'kube-probe/1.36', 'k-network-probe': 'queue' }],
  ])('%s', async (_title, headers) => {
    for (const port of [8080, QUEUE_PROXY_PORT]) {
      for (const host of ['iris-predictor.team', mesh.podNamed('iris-predictor').address]) {
        expect(await askIris(host, headers, port)).toMatchObject({ status: 401, reached: [] })
        expect(await askIris(host, { ...headers, ...WITH_KEY }, port)).toMatchObject(IRIS_SERVED)
      }
    }
  })
})
