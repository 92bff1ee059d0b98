import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { keySecret } from '../../testing/cluster/objects.ts'
import { inferenceService, PROTECTED } from '../../testing/cluster/rbac.ts'
import { INGRESS } from '../../testing/mesh/gateways.ts'
import { type Mesh, startMesh } from '../../testing/mesh/mesh.ts'
import { destination, virtualService } from '../../testing/mesh/objects.ts'
import { componentOf } from '../../testing/mesh/pods.ts'

const KEYS = { victim: 'the-key-of-the-victim', thief: 'the-key-of-the-thief' }
const SHARED = 'iris-a-b.example.com'

const claiming = (namespace: string, name: string, annotations: Record<string, string>) => ({
  ...inferenceService(namespace, name, annotations),
  status: { url: `http://${SHARED}` },
})

const routeTo = (name: string, namespace: string, ...hosts: readonly string[]) =>
  virtualService(namespace, name, {
    hosts,
    gateways: [INGRESS],
    http: [{ route: [destination(`${name}.${namespace}.svc.cluster.local`)] }],
  })

/** No sidecar makes a second check. */
const BARE = { sidecar: false }

let mesh: Mesh
beforeAll(async () => {
  mesh = await startMesh({
    pods: {
      victim: { namespace: 'b', labels: componentOf('iris-a'), ...BARE },
      thief: { namespace: 'a-b', labels: componentOf('iris'), ...BARE },
      other: { namespace: 'b', labels: componentOf('other'), ...BARE },
    },
    objects: [
      claiming('b', 'iris-a', PROTECTED),
      claiming('a-b', 'iris', {}),
      inferenceService('b', 'other'),
      keySecret('b', 'key', KEYS.victim),
      keySecret('a-b', 'key', KEYS.thief),
      routeTo('victim', 'b', SHARED),
      routeTo('other', 'b', 'other.b.svc.cluster.local', 'other.b', 'unclaimed.example.com'),
    ],
  })
})
afterAll(() => mesh?.stop())

const ask = (host: string, key?: string, headers: Readonly<Record<string, string>> = {}) =>
  mesh.ask({
    to: 'gateway',
    host,
    headers: { ...headers, ...(key === undefined ? {} : { 'x-api-key': key }) },
  })

describe('a host of two services', () => {
  it('is not opened by the open one', async () => {
    expect(await ask(SHARED)).toMatchObject({ status: 401, reached: [] })
  })

  it("is not opened by the other's key", async () => {
    expect(await ask(SHARED, KEYS.thief)).toMatchObject({ status: 401, reached: [] })
  })

  it('is open to callers that both allow', async () => {
    expect(await ask(SHARED, KEYS.victim)).toMatchObject({
      status: 200,
      reached: [{ pod: 'victim' }],
    })
  })

  it('is closed if both are protected, since no key is valid for both', async () => {
    await mesh.cluster.apply(inferenceService('a-b', 'iris'))
    await expect.poll(async () => (await ask(SHARED, KEYS.victim)).status).toBe(401)
    expect(await ask(SHARED, KEYS.thief)).toMatchObject({ status: 401, reached: [] })
  })
})

describe('a host leads to the same service', () => {
  it.each([
    'other.b.svc.cluster.local',
    'OTHER.b.svc.cluster.local',
    'other.b.svc.cluster.local:80',
    'other.b.svc.cluster.local:8080',
    'other.b',
    'Other.B:8080',
  ])('in every spelling that is routed: %s', async (host) => {
    expect(await ask(host)).toMatchObject({ status: 401, reached: [] })
    expect(await ask(host, KEYS.victim)).toMatchObject({ status: 200, reached: [{ pod: 'other' }] })
  })

  it.each([
    ['other.b.svc.cluster.local.', 404],
    ['other.b.svc.cluster.local,iris.a-b.svc.cluster.local', 404],
    ['iris.a-b.svc.cluster.local@other.b.svc.cluster.local', 404],
    ['other.b.svc.cluster.local/iris', 400],
    ['unclaimed.example.com', 403],
    ['unclaimed.example.com:8080', 403],
  ])('or to nothing: %s', async (host, status) => {
    for (const key of [undefined, KEYS.victim])
      expect(await ask(host, key)).toMatchObject({ status, reached: [] })
  })
})

describe('other parts of a request do not override the Host:', () => {
  const OPEN_HOST = 'iris.a-b.svc.cluster.local'

  it.each([
    ['X-Forwarded-Host', { 'x-forwarded-host': OPEN_HOST }],
    ['K-Original-Host', { 'k-original-host': OPEN_HOST }],
    ['KServe-Isvc-*', { 'kserve-isvc-name': 'iris', 'kserve-isvc-namespace': 'a-b' }],
    [
      'Knative-Serving-*',
      { 'knative-serving-namespace': 'a-b', 'knative-serving-revision': 'iris-predictor-00001' },
    ],
    ['X-Forwarded-For', { 'x-forwarded-for': '127.0.0.1', 'x-envoy-internal': 'true' }],
    ['another path', { 'x-envoy-original-path': '/healthz', 'x-rewrite-url': '/healthz' }],
  ])('%s', async (_title, headers) => {
    expect(await ask('other.b', undefined, headers)).toMatchObject({ status: 401, reached: [] })
    expect(await ask('other.b', KEYS.victim, headers)).toMatchObject({ status: 200 })
  })
})
