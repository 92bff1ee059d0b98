import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import {
  type Asked,
  msUntil,
  statusByReview,
  statusOf,
  verdictOf,
} from '../../testing/cluster/asking.ts'
import { type Cluster, startCluster } from '../../testing/cluster/cluster.ts'
import { applyExample } from '../../testing/cluster/example.ts'
import { install } from '../../testing/cluster/installation.ts'
import { CLUSTER_ISSUER } from '../../testing/cluster/programs.ts'
import { roleBinding } from '../../testing/cluster/rbac.ts'
import { type ClusterService, startClusterService } from '../../testing/cluster/service.ts'
import { at } from '../../testing/json.ts'

let cluster: Cluster
let kubeconfig: string
let tokens: ReadonlyMap<string, string>
const services: ClusterService[] = []

const serve = async (config: object): Promise<ClusterService> => {
  const service = await startClusterService({ kubeconfig, config })
  services.push(service)
  await service.ready()
  return service
}

let service: ClusterService

beforeAll(async () => {
  cluster = await startCluster()
  kubeconfig = await install(cluster)
  tokens = new Map([
    ...(await applyExample(cluster, 'evaluation-job', 'lmeval')),
    ...(await applyExample(cluster, 'predictor-policy', 'models')),
    ...(await applyExample(cluster, 'llm-token-rotation', 'llm')),
  ])
  service = await serve({ apiKeys: { dataNames: ['api_key', 'token'] } })
})
afterAll(async () => {
  await Promise.all(services.map(({ stop }) => stop()))
  await cluster?.stop()
})

const token = (secret: string): string => tokens.get(secret) ?? ''

/** At the gateway, or with `pod` at a sidecar. */
const ask = (asked: Asked, { gateway, workload } = service) =>
  verdictOf(asked.pod === undefined ? gateway : workload, asked)

describe('an evaluation job against a protected model (scenario 1)', () => {
  const granite = { namespace: 'lmeval', name: 'granite' }
  const completion = (shown: Pick<Asked, 'token'> = {}): readonly Asked[] => [
    { host: 'granite-lmeval.apps.example.com', path: '/v1/completions', ...shown },
    { host: 'granite-predictor.lmeval', path: '/v1/completions', pod: '127.0.1.11', ...shown },
  ]
  const binding = roleBinding(
    'lmeval',
    'lmeval-inferenceservice-access',
    'inferenceservice-reader',
    { kind: 'ServiceAccount', namespace: 'lmeval', name: 'default' },
  )

  it.each([
    ['with its token is allowed', 'lmeval-sa-token', 200],
    ['of a ServiceAccount without the RoleBinding is denied', 'visitor-sa-token', 403],
  ])('%s, as a SubjectAccessReview says', async (_title, secret, status) => {
    expect(await statusByReview(cluster, token(secret), granite)).toBe(status)
    for (const asked of completion({ token: token(secret) })) {
      expect(statusOf(await ask(asked))).toBe(status)
    }
  })

  it('without a token gets a challenge', async () => {
    for (const asked of completion()) expect(await ask(asked)).toBe('missing-credential')
  })

  it('loses access with the RoleBinding within a second, and regains it with the RoleBinding', async () => {
    const shown = { token: token('lmeval-sa-token') }
    const [asked = {}] = completion(shown)
    await cluster.delete(binding)
    expect(await msUntil(403, () => ask(asked))).toBeLessThan(1_000)
    expect(await statusByReview(cluster, shown.token, granite)).toBe(403)
    await cluster.create(binding)
    expect(await msUntil(200, () => ask(asked))).toBeLessThan(1_000)
    expect(await statusByReview(cluster, shown.token, granite)).toBe(200)
  })
})

describe("OpenDataHub's predictor policy (scenario 2)", () => {
  const iris = { namespace: 'models', name: 'sklearn-iris' }
  const ref = { apiVersion: 'serving.kserve.io/v1beta1', kind: 'InferenceService', metadata: iris }
  const atPod: Asked = {
    host: 'sklearn-iris-predictor.models.svc.cluster.local',
    path: '/v2/models/sklearn-iris/infer',
    pod: '127.0.1.21',
  }
  const atGateway: Asked = {
    ...atPod,
    host: 'sklearn-iris-models.apps.example.com',
    pod: undefined,
  }
  const annotate = (value: string | null) =>
    cluster.patch(ref, {
      metadata: { annotations: { 'security.opendatahub.io/enable-auth': value } },
    })

  it('leaves a model open until its annotation says "true", and protects it within a second', async () => {
    await annotate(null)
    expect(await msUntil(200, () => ask(atPod))).toBeLessThan(1_000)
    await annotate('true')
    expect(await msUntil(401, () => ask(atPod))).toBeLessThan(1_000)
    expect(await ask(atGateway)).toBe('missing-credential')
  })

  it("allows the dashboard's token, as a SubjectAccessReview says, for gRPC too", async () => {
    const shown = { token: token('default-name-sklearn-iris-sa') }
    expect(await statusByReview(cluster, shown.token, iris)).toBe(200)
    expect(await ask({ ...atPod, ...shown })).toBe('allow')
    expect(await ask({ ...atGateway, ...shown })).toBe('allow')
    const infer = {
      path: '/inference.GRPCInferenceService/ModelInfer',
      headers: { 'content-type': 'application/grpc' },
    }
    expect(await ask({ ...atPod, ...infer, ...shown })).toBe('allow')
    expect(await ask({ ...atPod, ...infer })).toBe('missing-credential')
  })

  it.each([
    ['GET', '/healthz', 200],
    ['GET', '/debug/pprof/', 200],
    ['GET', '/metrics', 200],
    ['GET', '/wait-for-drain', 200],
    ['GET', '/healthz?x', 200],
    ['GET', '/healthz/', 401],
    ['GET', '//healthz', 401],
    ['GET', '/%68ealthz', 401],
    ['GET', '/metrics/../v2/models/sklearn-iris/infer', 401],
    ['POST', '/metrics', 401],
  ])('answers %s %s at the pod without a token with %d', async (method, path, status) => {
    expect(statusOf(await ask({ ...atPod, method, path }))).toBe(status)
  })

  it('refuses a token for another audience', async () => {
    const other = await cluster.tokenFor('models', 'sklearn-iris-sa', { audiences: ['elsewhere'] })
    expect(await statusByReview(cluster, other, iris)).toBe(401)
    expect(await ask({ ...atPod, token: other })).toBe('wrong-audience')
  })

  it('accepts the audiences of a list (ROSA)', async () => {
    const audiences = ['https://oidc.example.com/rosa', CLUSTER_ISSUER]
    const rosa = await serve({ kubernetes: { audiences } })
    for (const audience of [...audiences, 'elsewhere']) {
      const own = await cluster.tokenFor('models', 'sklearn-iris-sa', { audiences: [audience] })
      const status = audience === 'elsewhere' ? 401 : 200
      expect(await statusByReview(cluster, own, iris, audiences)).toBe(status)
      expect(statusOf(await ask({ ...atPod, token: own }, rosa))).toBe(status)
    }
  })
})

describe('the rotation of a key in a Secret (scenario 3)', () => {
  const secret = {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { namespace: 'llm', name: 'llama3auth-llama3-sa' },
  }
  const completion = (shown: Pick<Asked, 'token' | 'headers'>): Asked => ({
    host: 'llama3-llm.apps.example.com',
    path: '/v1/completions',
    ...shown,
  })
  const [january, february] = ['demo-key-of-january-not-a-secret', 'a-key-of-february-not-a-secret']

  it('denies the old key and allows the new one within a second', async () => {
    expect(await ask(completion({ token: january }))).toBe('allow')
    const changed = { data: { token: Buffer.from(february).toString('base64') } }
    await cluster.patch(secret, changed)
    expect(await msUntil(401, () => ask(completion({ token: january })))).toBeLessThan(1_000)
    expect(await msUntil(200, () => ask(completion({ token: february })))).toBeLessThan(1_000)
  })

  it('has one line in the decision log for each request, with its id and the reason', async () => {
    const headers = { 'x-request-id': 'a-request-of-scenario-3' }
    await ask(completion({ headers }))
    await vi.waitFor(() => {
      const lines = service.decisions.filter(
        (line) => at(line, 'requestId') === 'a-request-of-scenario-3',
      )
      expect(lines).toMatchObject([{ decision: 'deny', reason: 'missing-credential' }])
    }, 60_000)
  })
})
