import { describe, expect, it } from 'vitest'
import { DEFAULT_EXCLUSIONS } from '../../src/access/exclusions.ts'
import { at, entriesAt, listAt, textAt } from '../../testing/json.ts'
import { aPod, readWorkloads } from '../../testing/objects.ts'
import { hazardsOf, isAsked, refusalsOf } from './custom-policy.ts'
import { OTHER_PODS, SERVING_PODS } from './kserve-pods.ts'
import { isCustom, manifests } from './manifests.ts'
import { REFUSED_POLICIES } from './refused-policies.ts'

const policies = manifests().filter(({ object }) => isCustom(object))
const named = policies.map((policy) => [policy.file, policy.object] as const)

const atWorkloads = policies.filter(({ file }) => file.startsWith('workloads/'))

const operationsOf = (policy: unknown): unknown[] =>
  listAt(policy, 'spec', 'rules').flatMap((rule) =>
    listAt(rule, 'to').map((to) => at(to, 'operation')),
  )

/** The ports of models, routers and queue-proxy. */
const PORTS_THAT_SERVE = new Set([80, 8000, 8001, 8012, 8013, 8033, 8080, 8081, 8112, 8443, 9000])

const selecting = (labels: Readonly<Record<string, string>>) =>
  atWorkloads.filter(({ object }) =>
    entriesAt(object, 'spec', 'selector', 'matchLabels').every(
      ([name, value]) => labels[name] === value,
    ),
  )

describe('a policy that uses the service', () => {
  it('exists for every position', () => {
    expect(policies.map(({ file }) => file)).toEqual([
      'gateways/ingress/authorization-policy.yaml',
      'gateways/kubernetes/authorization-policy.yaml',
      'gateways/local/authorization-policy.yaml',
      'workloads/explainer.yaml',
      'workloads/inference-graph.yaml',
      'workloads/llm-inference-service.yaml',
      'workloads/llm-tokenizer.yaml',
      'workloads/predictor.yaml',
      'workloads/transformer.yaml',
    ])
  })

  it.each(named)('is valid for Istio: %s', (_file, policy) => {
    expect(refusalsOf(policy)).toEqual([])
  })

  it.each(named)('opens and breaks no more than it says: %s', (_file, policy) => {
    expect(hazardsOf(policy)).toEqual([])
  })

  it.each(named)('uses the provider of its position: %s', (file, policy) => {
    const position = file.startsWith('workloads/') ? 'workload' : 'gateway'
    expect(textAt(policy, 'metadata', 'labels', 'kserve-authz.io/position')).toBe(position)
    expect(textAt(policy, 'spec', 'provider', 'name')).toBe(`kserve-authz-${position}`)
  })

  it.each(named)('selects some pods, never the whole mesh: %s', (_file, policy) => {
    const bound = [
      ...entriesAt(policy, 'spec', 'selector', 'matchLabels'),
      ...listAt(policy, 'spec', 'targetRefs'),
    ]
    expect(bound.length).toBeGreaterThan(0)
  })
})

describe('a policy that Istio refuses is recognized', () => {
  it.each(REFUSED_POLICIES)('%s', (_title, policy) => {
    expect(refusalsOf(policy)).not.toEqual([])
  })
})

describe('a hazard is recognized', () => {
  const good = at(policies.at(-1)?.object, 'spec')
  const withOperation = (operation: object) => ({
    kind: 'AuthorizationPolicy',
    spec: { ...Object(good), rules: [{ to: [{ operation }] }] },
  })

  it.each([
    ['a prefix in notPaths', { notPaths: ['/healthz*'] }],
    ['a suffix in notPaths', { notPaths: ['*/healthz'] }],
    ['a template in notPaths', { notPaths: ['/v1/{*}'] }],
    ['a path in notPaths that is not canonical', { notPaths: ['/a//b'] }],
    ['a list of paths', { paths: ['/v1/models/iris:predict'] }],
    ['a list of methods', { methods: ['POST'] }],
    ['a list of ports', { ports: ['8080'] }],
    ['methods that are not checked', { notMethods: ['GET'] }],
    ['a list of hosts', { hosts: ['iris.example.com', 'iris.example.com:*'] }],
    ['a host without its ports', { notHosts: ['dashboard.example.com'] }],
    ['a host with a wildcard', { notHosts: ['*.example.com'] }],
  ])('%s', (_title, operation) => {
    expect(hazardsOf(withOperation(operation))).toHaveLength(1)
  })

  it('dry-run, which Istio enforces as 403', () => {
    const policy = {
      metadata: { annotations: { 'istio.io/dry-run': 'false' } },
      spec: { rules: [{}] },
    }
    expect(hazardsOf(policy)).toHaveLength(1)
  })
})

describe('the pods of KServe', () => {
  it.each(SERVING_PODS)('are checked once: %s', (_title, component, labels) => {
    expect(selecting(labels)).toHaveLength(1)
    const [workload, ...more] = readWorkloads(
      aPod({ metadata: { labels }, status: { podIP: '10.0.0.1' } }),
    )
    expect(workload?.component).toBe(component)
    expect(more).toEqual([])
  })

  const policyOf = (labels: Readonly<Record<string, string>>) => selecting(labels)[0]?.object

  const pathsIn = (policy: unknown) =>
    operationsOf(policy).flatMap((operation) => listAt(operation, 'notPaths').map(String))

  /** Asked about: `notPaths` would open every method of it, at servers of others too. */
  const OF_NIM = '/v1/metrics'

  it.each(SERVING_PODS)('are not checked where the service would admit everybody: %s', (...pod) => {
    const [, component, labels] = pod
    const policy = policyOf(labels)
    const everywhere = DEFAULT_EXCLUSIONS.workload[component]
      .filter(({ ports, knativeProbe }) => ports === undefined && knativeProbe === undefined)
      .map(({ path }) => path)
      .filter((path) => path !== OF_NIM)
    for (const port of PORTS_THAT_SERVE) {
      const unasked = pathsIn(policy).filter((path) => !isAsked(policy, { path, port }))
      expect(new Set(unasked)).toEqual(new Set(everywhere))
    }
  })

  it.each(SERVING_PODS)('are checked on every port: %s', (_title, _component, labels) => {
    const policy = policyOf(labels)
    const unasked = Array.from({ length: 65_535 }, (_, index) => index + 1).filter(
      (port) => !isAsked(policy, { path: '/v1/models/m', port }),
    )
    expect(unasked).toEqual([])
  })

  it('can be drained and measured without a check as graphs, on ports without requests', () => {
    const policy = policyOf({ 'serving.kserve.io/kind': 'InferenceGraph' })
    for (const path of ['/metrics', '/wait-for-drain']) {
      for (const port of [8022, 9090, 9091]) expect(isAsked(policy, { path, port })).toBe(false)
      for (const port of PORTS_THAT_SERVE) expect(isAsked(policy, { path, port })).toBe(true)
    }
  })

  it.each(SERVING_PODS)('are checked in every namespace: %s', (_title, _component, labels) => {
    expect(textAt(selecting(labels)[0]?.object, 'metadata', 'namespace')).toBe('istio-system')
  })

  it.each(OTHER_PODS)('that serve no requests are not checked: %s', (_title, labels) => {
    expect(selecting(labels)).toEqual([])
  })
})
