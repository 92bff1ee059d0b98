import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { load } from 'js-yaml'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { until } from '../../scripts/child.ts'
import { findIstio } from '../../scripts/istio.ts'
import type { Component } from '../../src/access/workload.ts'
import type { Written } from '../../testing/cluster/client.ts'
import { type Cluster, startCluster } from '../../testing/cluster/cluster.ts'
import { aNamespace, writtenOf } from '../../testing/cluster/installation.ts'
import { listenersOf, waysIn } from '../../testing/mesh/discovery.ts'
import { installIstioCrds, meshConfig, shippedObjects } from '../../testing/mesh/installation.ts'
import { startIstiod } from '../../testing/mesh/istiod.ts'
import { gateway } from '../../testing/mesh/objects.ts'
import type { Workload } from '../../testing/mesh/workload.ts'
import { OTHER_PODS, SERVING_PODS } from '../istio/kserve-pods.ts'

const GATEWAY_NAME = 'gateway.networking.k8s.io/gateway-name'
const POLICIES: Readonly<Record<Component, string>> = {
  predictor: 'kserve-authz-predictor',
  transformer: 'kserve-authz-transformer',
  explainer: 'kserve-authz-explainer',
  graph: 'kserve-authz-inference-graph',
  llm: 'kserve-authz-llm-inference-service',
}

const policyFor = (component: Component, labels: Readonly<Record<string, string>>) =>
  labels['app.kubernetes.io/component'] === 'tokenizer'
    ? 'kserve-authz-llm-tokenizer'
    : POLICIES[component]

let cluster: Cluster
let istiod: Awaited<ReturnType<typeof startIstiod>>
let service: Written

beforeAll(async () => {
  const { pilotDiscovery, crds } = await findIstio((line) => void process.stderr.write(`${line}\n`))
  cluster = await startCluster({ crds: [] })
  await installIstioCrds(cluster, crds)
  for (const name of ['istio-system', 'kserve', 'kserve-authz', 'team'])
    await cluster.apply(aNamespace(name))
  istiod = await startIstiod({
    istiod: pilotDiscovery,
    cluster,
    meshConfig: await meshConfig(),
    // Without it istiod exits when a proxy belongs to a Gateway of that API.
    environment: { PILOT_ENABLE_GATEWAY_API: 'true' },
  })
  const text = await readFile(path.join(import.meta.dirname, '../../deploy/service.yaml'), 'utf8')
  service = await cluster.apply(writtenOf(load(text))).then(writtenOf)
  const policies = await shippedObjects('overlays/default', 'overlays/gateways')
  for (const object of policies) await cluster.apply(object)
})
afterAll(async () => {
  await istiod?.kill()
  await cluster?.stop()
})

const POLICY =
  /istio-ext-authz-(kserve-authz-[a-z]+)-ns\[([a-z-]*)\]-policy\[([a-z-]+)\]-rule\[0\](\S*)/g

const proxyOf = (workload: Partial<Workload>): Workload => ({
  role: 'sidecar',
  namespace: 'team',
  name: 'some-pod',
  serviceAccount: 'default',
  address: '127.0.0.9',
  labels: {},
  ...workload,
})

/** The providers that istiod configures for a proxy, and the policies that cause it. */
async function askedBy(workload: Partial<Workload>): Promise<readonly string[]> {
  const bytes = await listenersOf(istiod.xdsPort, proxyOf(workload))
  const found = [...bytes.toString('latin1').matchAll(POLICY)].map(
    ([, provider, namespace, name, fault]) =>
      `${provider} ${namespace}/${name} ${fault?.match(/deny-[\w-]+/)?.[0] ?? ''}`.trim(),
  )
  return [...new Set(found)]
}

describe('istiod configures the check for pods of KServe', () => {
  it.each(SERVING_PODS)('once: %s', async (_title, component, labels) => {
    await expect
      .poll(() => askedBy({ labels }))
      .toEqual([`kserve-authz-workload istio-system/${policyFor(component, labels)}`])
  })

  it('on every port of the pod', async () => {
    const labels = { component: 'predictor' }
    const ways = waysIn(await listenersOf(istiod.xdsPort, proxyOf({ labels })))
    const unasked = [...ways].filter(
      ([, filters]) => !filters.some((name) => name.endsWith('.ext_authz')),
    )
    expect(ways.size).toBeGreaterThan(unasked.length)
    // It leads back to the sidecar, which listens on this port.
    expect(unasked.map(([name]) => name.replace(/^\d+ /, ''))).toEqual(['virtualInbound-blackhole'])
  })

  it.each(OTHER_PODS)('and not for %s', async (_title, labels) => {
    const asked = await askedBy({ labels })
    expect(asked.filter((each) => each.startsWith('kserve-authz-workload '))).toEqual([])
  })
})

/** A proxy of a gateway, with a listener. */
async function listening(proxy: Partial<Workload>) {
  const { namespace = 'istio-system', labels = {} } = proxy
  const where = { address: '127.0.0.9', port: 8080 }
  await cluster.apply(gateway(namespace, 'models', labels, where))
  return { role: 'router', ...proxy } as const
}

describe('istiod configures the check for gateways', () => {
  it.each<[title: string, proxy: Partial<Workload>, policy: string]>([
    [
      'ingress',
      { namespace: 'istio-system', labels: { istio: 'ingressgateway' } },
      'istio-system/kserve-authz-ingress-gateway',
    ],
    [
      'local',
      { namespace: 'istio-system', labels: { istio: 'cluster-local-gateway' } },
      'istio-system/kserve-authz-local-gateway',
    ],
    [
      'of the Gateway API',
      { namespace: 'kserve', labels: { [GATEWAY_NAME]: 'kserve-ingress-gateway' } },
      'kserve/kserve-authz-kubernetes-gateway',
    ],
  ])('%s', async (_title, proxy, policy) => {
    const router = await listening(proxy)
    await expect.poll(() => askedBy(router)).toEqual([`kserve-authz-gateway ${policy}`])
  })

  it.each<[title: string, proxy: Partial<Workload>]>([
    ['another one', { namespace: 'istio-system', labels: { istio: 'egressgateway' } }],
    ['another Gateway', { namespace: 'kserve', labels: { [GATEWAY_NAME]: 'other' } }],
    [
      'a Gateway of that name in another namespace',
      { namespace: 'team', labels: { [GATEWAY_NAME]: 'kserve-ingress-gateway' } },
    ],
  ])('but not for %s', async (_title, proxy) => {
    expect(await askedBy(await listening(proxy))).toEqual([])
  })
})

describe('the example configures the check by default for', () => {
  beforeAll(async () => {
    const before = await shippedObjects('overlays/default', 'overlays/gateways')
    for (const object of before) await cluster.delete(object)
    await until('policies are still there', async () =>
      (await askedBy({ labels: { component: 'predictor' } })).length === 0 ? true : undefined,
    )
    for (const object of await shippedObjects('example')) await cluster.apply(object)
  })

  it.each(SERVING_PODS)('every kind of pod of a model: %s', async (_title, component, labels) => {
    for (const namespace of ['team', 'fraud'])
      await expect
        .poll(() => askedBy({ labels, namespace }))
        .toEqual([`kserve-authz-workload istio-system/${policyFor(component, labels)}`])
  })

  it("KServe's Gateway", async () => {
    const router = await listening({
      namespace: 'kserve',
      labels: { [GATEWAY_NAME]: 'kserve-ingress-gateway' },
    })
    await expect
      .poll(() => askedBy(router))
      .toEqual(['kserve-authz-gateway kserve/kserve-authz-kubernetes-gateway'])
  })
})

describe('a provider whose Service was removed', () => {
  it('admits nobody', async () => {
    await cluster.delete(service)
    await expect
      .poll(() => askedBy({ labels: { component: 'predictor' } }))
      .toEqual([
        'kserve-authz-workload istio-system/kserve-authz-predictor deny-due-to-bad-CUSTOM-action',
      ])
  })
})
