import { access, readFile } from 'node:fs/promises'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startModelServer } from '../../examples/model-server/server.ts'
import { findEnvoy } from '../../scripts/envoy.ts'
import { envoyBootstrap } from '../../scripts/envoy-bootstrap.ts'
import { startEnvoy } from '../../scripts/start-envoy.ts'
import { verdictOf } from '../../testing/cluster/asking.ts'
import { type Cluster, startCluster } from '../../testing/cluster/cluster.ts'
import { CRDS } from '../../testing/cluster/crds.ts'
import { aNamespace, install } from '../../testing/cluster/installation.ts'
import {
  inferenceGraph,
  keySecret,
  llmInferenceService,
  pod,
  runPod,
} from '../../testing/cluster/objects.ts'
import { inferenceService, PROTECTED } from '../../testing/cluster/rbac.ts'
import { type ClusterService, startClusterService } from '../../testing/cluster/service.ts'
import { head, sendRaw } from '../../testing/envoy/http.ts'

const PATIENCE = { timeout: 60_000, interval: 20 }
const KEY = 'a-key-of-sixteen-bytes'
/** The address of a pod: all addresses in 127.0.0.0/8 are this machine. */
const POD_IP = '127.66.0.1'
const FULL_CRDS = path.join(import.meta.dirname, '../../../shared/crds')

const hasFullCrds = await access(FULL_CRDS).then(
  () => true,
  () => false,
)
if (!hasFullCrds) {
  process.stderr.write(
    `SKIPPED: the full CRDs of KServe are not in ${FULL_CRDS}: using minimal ones\n`,
  )
}

let cluster: Cluster
let replicas: readonly ClusterService[] = []
const stops: (() => Promise<void>)[] = []

beforeAll(async () => {
  cluster = await startCluster({ crds: hasFullCrds ? [] : Object.values(CRDS) })
  stops.push(cluster.stop)
  if (hasFullCrds) await installFullCrds()
  for (const object of [
    aNamespace('team'),
    inferenceService('team', 'iris'),
    inferenceGraph('team', 'chain', PROTECTED),
    llmInferenceService('team', 'chat', 'llama'),
    keySecret('team', 'reader', KEY),
  ]) {
    await cluster.create(object)
  }
  await runPod(cluster, pod('team', 'iris-0', { service: 'iris' }), POD_IP)
  const kubeconfig = await install(cluster)
  replicas = await Promise.all([1, 2].map(() => startClusterService({ kubeconfig })))
  stops.push(...replicas.map(({ stop }) => stop))
  await Promise.all(replicas.map(({ ready }) => ready()))
})
afterAll(async () => {
  for (const stop of stops.toReversed()) await stop()
})

/** Unchanged: the API server itself reads YAML. */
async function installFullCrds() {
  const group = 'serving.kserve.io'
  const { LLMInferenceServiceConfig: minimal, ...full } = CRDS
  await cluster.installCrd(minimal)
  for (const crd of Object.values(full)) {
    const { name } = crd.metadata
    const text = await readFile(path.join(FULL_CRDS, `${group}_${name.split('.')[0]}.yaml`), 'utf8')
    await cluster.applyText(crd, text)
    await cluster.whenServed(crd)
  }
}

describe('two replicas', () => {
  it.each([
    ['with a valid key', { token: KEY }, 'allow'],
    ['without a credential', {}, 'missing-credential'],
    ['with another key', { token: `${KEY}-other` }, 'unknown-api-key'],
    ['a graph', { host: 'chain.team.svc' }, 'missing-credential'],
    [
      'an LLM by its path',
      { host: 'gateway.example.com', path: '/team/chat/v1' },
      'missing-credential',
    ],
    ['nobody', { host: 'nobody.example.com' }, 'unknown-target'],
  ])('agree: %s', async (_title, asked, verdict) => {
    const verdicts = await Promise.all(replicas.map(({ gateway }) => verdictOf(gateway, asked)))
    expect(verdicts).toEqual([verdict, verdict])
  })

  it('agree again soon after a change', async () => {
    const next = keySecret('team', 'next', `${KEY}-next`)
    const verdicts = () =>
      Promise.all(replicas.map(({ gateway }) => verdictOf(gateway, { token: `${KEY}-next` })))
    await cluster.create(next)
    await expect.poll(verdicts, PATIENCE).toEqual(['allow', 'allow'])
    await cluster.delete(next)
    await expect.poll(verdicts, PATIENCE).toEqual(['unknown-api-key', 'unknown-api-key'])
  })
})

describe('through a real Envoy', () => {
  let ports: { readonly sidecar: number; readonly gateway: number }

  beforeAll(async () => {
    const envoy = await findEnvoy((line) => void process.stderr.write(`${line}\n`))
    const model = await startModelServer()
    stops.push(model.close)
    const [replica] = replicas
    const { workloadPort, gatewayPort } = replica ?? { workloadPort: 0, gatewayPort: 0 }
    const shared = { port: 0, httpUpstreamPort: model.port }
    const proxy = await startEnvoy({
      envoy,
      bootstrap: envoyBootstrap({
        listeners: [
          { ...shared, name: 'sidecar', host: POD_IP, authzPort: workloadPort },
          { ...shared, name: 'gateway', authzPort: gatewayPort },
        ],
      }),
    })
    stops.push(proxy.stop)
    ports = { sidecar: proxy.portOf('sidecar'), gateway: proxy.portOf('gateway') }
  })

  const predict = async (to: { port: number; address?: string }, host: string, key?: string) => {
    const credential = key === undefined ? [] : [`x-api-key: ${key}`]
    const { status } = await sendRaw(
      to,
      head('GET /v1/models/iris HTTP/1.1', `Host: ${host}`, ...credential),
    )
    return status
  }
  const toPod = () => ({ port: ports.sidecar, address: POD_IP })
  const toGateway = () => ({ port: ports.gateway })

  it('the sidecar of a pod asks about the service of that pod', async () => {
    expect(await predict(toPod(), `${POD_IP}:8080`)).toBe(401)
    expect(await predict(toPod(), `${POD_IP}:8080`, KEY)).toBe(200)
    expect(await predict(toPod(), 'chain.team.svc', KEY)).toBe(403)
  })

  it('a gateway asks about the service of a host', async () => {
    expect(await predict(toGateway(), 'iris.team.svc')).toBe(401)
    expect(await predict(toGateway(), 'iris.team.svc', KEY)).toBe(200)
    expect(await predict(toGateway(), 'nobody.example.com', KEY)).toBe(403)
  })

  it('follows the cluster', async () => {
    const next = keySecret('team', 'next', `${KEY}-next`)
    await cluster.create(next)
    const answer = () => predict(toPod(), 'iris.team.svc', `${KEY}-next`)
    await expect.poll(answer, PATIENCE).toBe(200)
    await cluster.delete(next)
    await expect.poll(answer, PATIENCE).toBe(401)
  })
})
