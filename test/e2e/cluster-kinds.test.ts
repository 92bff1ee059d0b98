import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type Asked, type Verdict, verdictOf } from '../../testing/cluster/asking.ts'
import type { Written } from '../../testing/cluster/client.ts'
import { type Cluster, startCluster } from '../../testing/cluster/cluster.ts'
import { CRDS } from '../../testing/cluster/crds.ts'
import { accessPolicyCrd, aNamespace, install } from '../../testing/cluster/installation.ts'
import { llmInferenceService } from '../../testing/cluster/objects.ts'
import { inferenceService } from '../../testing/cluster/rbac.ts'
import { type ClusterService, startClusterService } from '../../testing/cluster/service.ts'
import { listAt, textAt } from '../../testing/json.ts'

const PATIENCE = { timeout: 60_000, interval: 10 }
/** Objects of a kind, from the moment it is served. */
const NOTICED = { timeout: 2_000, interval: 10 }

let cluster: Cluster
let service: ClusterService

beforeAll(async () => {
  cluster = await startCluster({ crds: [CRDS.InferenceService, CRDS.InferenceGraph] })
  await cluster.apply(aNamespace('team'))
  await cluster.create(inferenceService('team', 'wine', {}))
})
afterAll(() => cluster?.stop())

beforeEach(async () => {
  service = await startClusterService({ kubeconfig: await install(cluster) })
})
afterEach(() => service?.stop())

const becomes = (verdict: Verdict, asked: Asked, patience = PATIENCE) =>
  expect.poll(() => verdictOf(service.gateway, asked), patience).toBe(verdict)

const says = (text: string) =>
  expect.poll(() => service.log.map((line) => textAt(line, 'msg')), PATIENCE).toContain(text)

describe('a kind that is installed late', () => {
  it('counts within two seconds of being served, and no longer once it is removed', async () => {
    await service.ready()
    const asked = { host: 'gateway.example.com', path: '/team/chat/v1/completions' }
    await becomes('unknown-target', asked)
    await cluster.installCrd(CRDS.LLMInferenceService)
    await cluster.create(llmInferenceService('team', 'chat', 'llama'))
    await becomes('missing-credential', asked, NOTICED)
    await cluster.delete(CRDS.LLMInferenceService)
    await becomes('unknown-target', asked)
    expect((await service.read('/readyz')).status).toBe(200)
  })
})

describe('policies', () => {
  const asked = { host: 'wine.team.svc' }
  const unknown = 'the API server has no supported version of accesspolicies'

  /** Serves only a version newer than ours. */
  async function serveAnotherVersion(crd: Written) {
    const [ours] = listAt(crd, 'spec', 'versions')
    const version = typeof ours === 'object' ? ours : {}
    const versions = [
      { ...version, served: false, storage: false },
      { ...version, name: 'v9', served: true, storage: true },
    ]
    await cluster.patch(crd, { spec: { versions } })
    const list = '/apis/kserve-authz.io/v1alpha1/accesspolicies'
    await expect.poll(async () => (await cluster.call({ path: list })).status, PATIENCE).toBe(404)
  }

  it('stay in force if the API server no longer serves their version', async () => {
    const crd = await accessPolicyCrd()
    await cluster.installCrd(crd)
    await service.ready()
    await becomes('allow', asked)
    await cluster.create({
      apiVersion: 'kserve-authz.io/v1alpha1',
      kind: 'AccessPolicy',
      metadata: { namespace: 'team', name: 'closed' },
      spec: {},
    })
    await becomes('missing-credential', asked)
    await serveAnotherVersion(crd)
    await says(unknown)
    expect(await verdictOf(service.gateway, asked)).toBe('missing-credential')
    expect((await service.read('/readyz')).status).toBe(200)
  })

  it('that are unreadable keep the program from being ready', async () => {
    await says(unknown)
    expect(await verdictOf(service.gateway, asked)).toBe('not-synced')
    await cluster.delete(await accessPolicyCrd())
    await service.ready()
    expect(await verdictOf(service.gateway, asked)).toBe('allow')
  })
})
