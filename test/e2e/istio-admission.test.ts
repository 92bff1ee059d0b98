import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { until } from '../../scripts/child.ts'
import { findIstio } from '../../scripts/istio.ts'
import type { Written } from '../../testing/cluster/client.ts'
import { type Cluster, startCluster } from '../../testing/cluster/cluster.ts'
import { aNamespace, writtenOf } from '../../testing/cluster/installation.ts'
import { at, entriesAt, listAt, textAt } from '../../testing/json.ts'
import {
  installIstioCrds,
  meshConfig,
  overlayObjects,
  shippedObjects,
} from '../../testing/mesh/installation.ts'
import { startIstiod } from '../../testing/mesh/istiod.ts'
import { hazardsOf, isAsked, refusalsOf } from '../istio/custom-policy.ts'
import { isCustom } from '../istio/manifests.ts'
import { REFUSED_POLICIES } from '../istio/refused-policies.ts'

const ISTIO = path.join(import.meta.dirname, '../../istio')

/** Names of all rendered folders. */
const FOLDERS = readdirSync(ISTIO, { recursive: true, encoding: 'utf8' })
  .filter((file) => path.basename(file) === 'kustomization.yaml')
  .map((file) => path.dirname(file))
  .filter((folder) => !folder.startsWith('components/'))

const NAMESPACES = [
  'istio-system',
  'istio-config',
  'kserve',
  'kserve-authz',
  'openshift-ingress',
  'team',
]

let cluster: Cluster
let istiod: Awaited<ReturnType<typeof startIstiod>>

beforeAll(async () => {
  const { pilotDiscovery, crds } = await findIstio((line) => void process.stderr.write(`${line}\n`))
  cluster = await startCluster({ crds: [] })
  await installIstioCrds(cluster, crds)
  for (const name of NAMESPACES) await cluster.apply(aNamespace(name))
  istiod = await startIstiod({ istiod: pilotDiscovery, cluster, meshConfig: await meshConfig() })
  // The API server needs a moment to call istiod.
  const [, refused] = REFUSED_POLICIES[0] ?? []
  await until('istiod is not called', async () =>
    REFUSAL.test(await admissionOf(writtenOf(refused))) ? true : undefined,
  )
})

afterAll(async () => {
  await istiod?.kill()
  await cluster?.stop()
})

// From istiod's webhook, or from a rule in the CRD itself.
const REFUSAL = /admission webhook "validation\.istio\.io" denied the request|422 Invalid/

/** The API server's objection to an object; nothing if it accepts it. */
async function admissionOf(object: Written): Promise<string> {
  try {
    await cluster.apply(object)
    return ''
  } catch (fault) {
    return String(fault)
  }
}

const nameOf = (object: unknown): string => textAt(object, 'metadata', 'name')

describe("Istio's CRDs and istiod's admission webhook", () => {
  it.each(FOLDERS)('accept the rendered istio/%s', async (folder) => {
    const objects = await shippedObjects(folder)
    expect(objects.length).toBeGreaterThan(0)
    for (const object of objects) expect(await admissionOf(object), nameOf(object)).toBe('')
    const custom = objects.filter(isCustom)
    expect(custom.flatMap((policy) => [...refusalsOf(policy), ...hazardsOf(policy)])).toEqual([])
  })

  it.each(REFUSED_POLICIES)('refuse a policy with %s', async (_title, policy) => {
    expect(await admissionOf(writtenOf(policy))).toMatch(REFUSAL)
  })
})

const GRAPH = 'kserve-authz-inference-graph'

describe('an overlay', () => {
  const customOf = async (folder: string) => (await shippedObjects(folder)).filter(isCustom)
  const customIn = async (text: string) => (await overlayObjects(text)).filter(isCustom)

  const operationsOf = (policy: unknown): unknown[] =>
    listAt(policy, 'spec', 'rules').flatMap((rule) =>
      listAt(rule, 'to').map((to) => at(to, 'operation')),
    )

  const providersOf = (policies: readonly unknown[]) => [
    ...new Set(policies.map((policy) => textAt(policy, 'spec', 'provider', 'name'))),
  ]

  it('every-path leaves no path without a check', async () => {
    const policies = await customOf('overlays/every-path')
    const rules = new Map(policies.map((policy) => [nameOf(policy), at(policy, 'spec', 'rules')]))
    expect([...rules.keys()]).toEqual((await customOf('overlays/default')).map(nameOf))
    expect(rules.get(GRAPH)).toEqual([
      {
        to: [
          { operation: { notPaths: ['/wait-for-drain'] } },
          { operation: { notPorts: ['8022'] } },
        ],
      },
    ])
    rules.delete(GRAPH)
    expect([...rules.values()]).toEqual([[{}], [{}], [{}], [{}], [{}]])
  })

  it('opendatahub uses the provider name that Authorino had', async () => {
    const policies = await customOf('overlays/opendatahub')
    expect(providersOf(policies)).toEqual(['opendatahub-auth-provider'])
    expect(policies).toHaveLength(6)
  })

  it('gateways checks every request, gateways-other-hosts all but those of some hosts', async () => {
    const everything = await customOf('overlays/gateways')
    const others = await customOf('overlays/gateways-other-hosts')
    expect(everything.map((policy) => at(policy, 'spec', 'rules'))).toEqual([[{}], [{}], [{}]])
    for (const [operation, ...more] of others.map(operationsOf)) {
      expect(entriesAt(operation).map(([name]) => name)).toEqual(['notHosts'])
      expect(more).toEqual([])
    }
    expect(providersOf([...everything, ...others])).toEqual(['kserve-authz-gateway'])
  })

  it.each(FOLDERS)('leaves no port of a model without a check: %s', async (folder) => {
    const policies = (await customOf(folder)).filter(
      (policy) => textAt(policy, 'metadata', 'labels', 'kserve-authz.io/position') === 'workload',
    )
    for (const policy of policies) {
      for (const port of [80, 5555, 5557, 5600, 6379, 8022, 8080, 9090, 29_500])
        expect(isAsked(policy, { path: '/v1/models/m', port }), nameOf(policy)).toBe(true)
    }
  })

  it.each([
    ['ray-ports', 'kserve-authz-predictor', ['6379']],
    ['vllm-ports', 'kserve-authz-llm-inference-service', ['5555', '5557', '5600']],
  ])('opens ports with a component: %s', async (component, name, ports) => {
    const policies = await customIn(
      `resources: [../overlays/default]\ncomponents: [../components/${component}]\n`,
    )
    const opened = policies.filter(
      (policy) => nameOf(policy) !== GRAPH && JSON.stringify(policy).includes('notPorts'),
    )
    expect(opened.map(nameOf)).toEqual([name])
    expect(opened.flatMap(operationsOf).map((each) => at(each, 'notPorts'))).toEqual([ports])
  })
})

describe('the example', () => {
  const text = readFileSync(path.join(ISTIO, 'example/kustomization.yaml'), 'utf8')
  const uncommented = text.replaceAll(/^#(?= {2}|components:)/gm, '')

  it('changes only namespaces by default', async () => {
    const shipped = await overlayObjects(text)
    const plain = await shippedObjects('overlays/default', 'gateways/kubernetes')
    const changed = shipped.filter(
      (object) => !plain.some((each) => JSON.stringify(each) === JSON.stringify(object)),
    )
    expect(changed.map(({ kind, metadata }) => `${kind} ${metadata.name}`)).toEqual([
      'AuthorizationPolicy kserve-authz',
    ])
    for (const value of ['"fraud"', '"istio-ingress"'])
      expect(JSON.stringify(changed)).toContain(value)
    expect(JSON.stringify(shipped)).not.toContain('"team"')
  })

  it('changes everything else once that is uncommented', async () => {
    const objects = JSON.stringify(await overlayObjects(uncommented))
    for (const value of ['"name":"models"', '"istio-config"', '"29500"', '"5600"', 'pods.kserve-'])
      expect(objects).toContain(value)
  })
})
