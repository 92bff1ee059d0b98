import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { findEnvoy } from '../../scripts/envoy.ts'
import type { Written } from '../../testing/cluster/client.ts'
import { type Cluster, startCluster } from '../../testing/cluster/cluster.ts'
import { applyExample } from '../../testing/cluster/example.ts'
import { aNamespace } from '../../testing/cluster/installation.ts'
import { startContainer } from '../../testing/deployment/container.ts'
import { applyServerSide, found, render } from '../../testing/deployment/render.ts'
import { type BuiltImage, buildOwnImage } from '../../testing/image/own-image.ts'
import { at, entriesAt, listAt, textAt } from '../../testing/json.ts'
import { clusterSource, running } from '../../testing/scenario/cluster-source.ts'
import { readDocuments, readExample } from '../../testing/scenario/data.ts'
import { type Scenario, startScenario } from '../../testing/scenario/scenario.ts'
import type { OpenSource } from '../../testing/scenario/source.ts'
import { takeSteps } from '../../testing/scenario/steps.ts'

const ROOT = path.join(import.meta.dirname, '../..')
const NAME = 'kserve-authz'
const JOB = readExample(path.join(ROOT, 'examples/evaluation-job'))

let cluster: Cluster
let image: BuiltImage
let envoy: string
let objects: readonly Written[]
let deployment: Written

beforeAll(async () => {
  ;[cluster, image, envoy, objects] = await Promise.all([
    startCluster(),
    buildOwnImage(),
    findEnvoy(() => {}),
    render(path.join(ROOT, 'deploy')),
  ])
  deployment = found(objects, 'Deployment', NAME)
})
afterAll(async () => {
  await cluster?.stop()
  await image?.remove()
})

const template = () => at(deployment, 'spec', 'template')

describe('the rendered deploy/', () => {
  it('is accepted by the API server, field by field, and can be applied again', async () => {
    await applyServerSide(cluster, objects)
    await applyServerSide(cluster, objects)
  })

  it('has two replicas, at least one of which stays available', () => {
    expect(at(deployment, 'spec', 'replicas')).toBe(2)
    expect(at(found(objects, 'PodDisruptionBudget', NAME), 'spec', 'maxUnavailable')).toBe(1)
  })

  it('restarts the replicas when the configuration changes', () => {
    const [volume] = listAt(template(), 'spec', 'volumes')
    expect(textAt(volume, 'configMap', 'name')).toMatch(/^kserve-authz-\w{10}$/)
  })
})

describe('a pod of the Deployment', () => {
  const namespace = 'restricted'

  beforeAll(() =>
    cluster.create({
      ...aNamespace(namespace),
      metadata: { name: namespace, labels: { 'pod-security.kubernetes.io/enforce': 'restricted' } },
    }),
  )

  const create = (spec: object) =>
    cluster.call({
      method: 'POST',
      path: `/api/v1/namespaces/${namespace}/pods?dryRun=All&fieldValidation=Strict`,
      body: {
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: { ...Object(at(template(), 'metadata')), name: NAME },
        spec,
      },
    })

  it('is accepted under the restricted Pod Security Standard', async () => {
    const { status, body } = await create(Object(at(template(), 'spec')))
    expect([status, textAt(body, 'message')]).toEqual([201, ''])
  })

  it('is refused there without its security context', async () => {
    const { securityContext: _, ...spec } = Object(at(template(), 'spec'))
    const { status, body } = await create(spec)
    expect([status, textAt(body, 'message')]).toEqual([
      403,
      expect.stringContaining('violates PodSecurity "restricted'),
    ])
  })
})

describe('the service, started with its rendered configuration', () => {
  let tokens: ReadonlyMap<string, string>

  beforeAll(async () => {
    tokens = realTokens(await applyExample(cluster, JOB.name, JOB.namespace))
  })

  const start = async () => {
    const account = textAt(template(), 'spec', 'serviceAccountName')
    const namespace = textAt(deployment, 'metadata', 'namespace')
    const kubeconfig = await cluster.kubeconfig({
      token: await cluster.tokenFor(namespace, account),
    })
    const readable = [cluster.site.folder]
    const service = await startContainer({ image, objects, deployment, kubeconfig, readable })
    await service.ready()
    return service
  }

  const openSource: OpenSource = async (folder) => ({
    ...(await clusterSource({ cluster, kubeconfig: '', namespace: JOB.namespace })(folder)),
    start: async () => running(await start()),
    fill: async (text) => replaced(text, tokens),
  })

  /** In requests at the model, tokens of the cluster are replaced by those of the example. */
  const named = (scenario: Scenario): Scenario => {
    const made = new Map([...tokens].map(([name, real]) => [real, name]))
    const send: Scenario['send'] = async (request) => {
      const outcome = await scenario.send(request)
      const received = outcome.received.map((one) => ({
        ...one,
        headers: Object.fromEntries(
          Object.entries(one.headers).map(([name, value]) => [name, replaced(String(value), made)]),
        ),
      }))
      return { ...outcome, received }
    }
    return { ...scenario, send }
  }

  it.each(JOB.rows)('$name (scenario 1)', async (row) => {
    const scenario = await startScenario({
      envoy,
      example: JOB,
      config: undefined,
      given: row.given,
      openSource,
    })
    await takeSteps(named(scenario), JOB, row).finally(scenario.stop)
    const traces = [...tokens.values()].filter((token) => scenario.printed().includes(token))
    expect(traces).toHaveLength(0)
  })

  it('answers its probes, and ends in time after SIGTERM', async () => {
    const service = await start()
    const container = at(template(), 'spec', 'containers', 0)
    const probes = entriesAt(container).filter(([name]) => name.endsWith('Probe'))
    expect(probes.map(([name]) => name)).toEqual(
      expect.arrayContaining(['startupProbe', 'livenessProbe', 'readinessProbe']),
    )
    for (const [name, probe] of probes) {
      expect(textAt(probe, 'httpGet', 'port'), name).toBe('http')
      expect((await service.read(textAt(probe, 'httpGet', 'path'))).status, name).toBe(200)
    }
    await service.stop()
    expect(await service.ended).toBe('the service ended with exit code 0')
  })
})

const replaced = (text: string, by: ReadonlyMap<string, string>): string =>
  [...by].reduce((done, [old, fresh]) => done.replaceAll(old, fresh), text)

/** By the token of the example that each replaces. */
function realTokens(bySecret: ReadonlyMap<string, string>) {
  const secrets = readDocuments(path.join(JOB.folder, 'manifests/callers.yaml'))
  return new Map(
    [...bySecret].map(([name, real]) => {
      const secret = secrets.find((each) => textAt(each, 'metadata', 'name') === name)
      return [Buffer.from(textAt(secret, 'data', 'token'), 'base64').toString(), real]
    }),
  )
}
