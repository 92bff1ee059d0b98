import { readdirSync } from 'node:fs'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { until } from '../../scripts/child.ts'
import { findIstio } from '../../scripts/istio.ts'
import { hazardsOf, refusalsOf } from '../istio/custom-policy.ts'
import { isCustom } from '../istio/manifests.ts'
import { REFUSED_POLICIES } from '../istio/refused-policies.ts'
import { type Cluster, startCluster } from '../support/cluster.ts'
import type { Written } from '../support/cluster-client.ts'
import { aNamespace, writtenOf } from '../support/cluster-installation.ts'
import { installIstioCrds, meshConfig, shippedObjects } from '../support/istio/installation.ts'
import { startIstiod } from '../support/istio/istiod.ts'
import { at, listAt, textAt } from '../support/json.ts'

const ISTIO = path.join(import.meta.dirname, '../../istio')

/** Of everything that can be applied as it is. */
const FOLDERS = readdirSync(ISTIO, { recursive: true, encoding: 'utf8' })
  .filter((file) => path.basename(file) === 'kustomization.yaml')
  .map((file) => path.dirname(file))
  .filter((folder) => !folder.startsWith('components/'))

const NAMESPACES = ['istio-system', 'istio-config', 'kserve', 'kserve-authz', 'team']

let cluster: Cluster
let istiod: Awaited<ReturnType<typeof startIstiod>>

beforeAll(async () => {
  const { pilotDiscovery, crds } = await findIstio((line) => void process.stderr.write(`${line}\n`))
  cluster = await startCluster({ crds: [] })
  await installIstioCrds(cluster, crds)
  for (const name of NAMESPACES) await cluster.apply(aNamespace(name))
  istiod = await startIstiod({ istiod: pilotDiscovery, cluster, meshConfig: await meshConfig() })
  // The API server takes a moment to ask istiod.
  const [, refused] = REFUSED_POLICIES[0] ?? []
  await until('istiod is not asked', async () =>
    REFUSAL.test(await admissionOf(writtenOf(refused))) ? true : undefined,
  )
})

afterAll(async () => {
  await istiod?.kill()
  await cluster?.stop()
})

// Of istiod's webhook, or of a rule in the definition itself.
const REFUSAL = /admission webhook "validation\.istio\.io" denied the request|422 Invalid/

/** What the API server has to say of an object; nothing if it takes it. */
async function admissionOf(object: Written): Promise<string> {
  try {
    await cluster.apply(object)
    return ''
  } catch (fault) {
    return String(fault)
  }
}

const nameOf = (object: unknown): string => textAt(object, 'metadata', 'name')

describe("Istio's definitions and istiod's admission", () => {
  it.each(FOLDERS)('take what is rendered of istio/%s', async (folder) => {
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

describe('an overlay', () => {
  const customOf = async (folder: string) => (await shippedObjects(folder)).filter(isCustom)

  const operationsOf = (policy: unknown): unknown[] =>
    listAt(policy, 'spec', 'rules').flatMap((rule) =>
      listAt(rule, 'to').map((to) => at(to, 'operation')),
    )

  const providersOf = (policies: readonly unknown[]) => [
    ...new Set(policies.map((policy) => textAt(policy, 'spec', 'provider', 'name'))),
  ]

  it('every-path lets no path go unasked', async () => {
    const policies = await customOf('overlays/every-path')
    const operations = policies.flatMap(operationsOf)
    expect(operations.length).toBe(5)
    expect(operations.filter((operation) => at(operation, 'notPaths') !== undefined)).toEqual([])
    expect(policies.map(nameOf)).toEqual((await customOf('overlays/default')).map(nameOf))
  })

  it('opendatahub asks the provider that Authorino had', async () => {
    const policies = await customOf('overlays/opendatahub')
    expect(providersOf(policies)).toEqual(['opendatahub-auth-provider'])
    expect(policies).toHaveLength(5)
  })

  it('gateways asks for every request, gateways-listed-hosts for those of some hosts', async () => {
    const everything = await customOf('overlays/gateways')
    const listed = await customOf('overlays/gateways-listed-hosts')
    expect(everything.map((policy) => at(policy, 'spec', 'rules'))).toEqual([[{}], [{}], [{}]])
    for (const [operation, ...more] of listed.map(operationsOf)) {
      expect(listAt(operation, 'hosts').length).toBeGreaterThan(0)
      expect(more).toEqual([])
    }
    expect(providersOf([...everything, ...listed])).toEqual(['kserve-authz-gateway'])
  })

  it('of your own changes what the example changes', async () => {
    const objects = await shippedObjects('example')
    const text = JSON.stringify(objects)
    for (const value of ['"models"', '"fraud"', '"istio-ingress"', '"istio-config"', '"29500"']) {
      expect(text).toContain(value)
    }
    expect(text).not.toContain('"team"')
  })
})
