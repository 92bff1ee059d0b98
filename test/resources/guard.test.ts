import { describe, expect, it } from 'vitest'
import { readCustomPolicy } from '../../src/resources/authorization-policy.ts'
import { type GuardPolicies, guardOf } from '../../src/resources/guard.ts'
import { isSubdomainName, readObject } from '../../src/resources/object.ts'
import { readOwnedRoute } from '../../src/resources/owned-route.ts'
import { readSecurityPolicy } from '../../src/resources/security-policy.ts'

type Parts = Readonly<Record<string, unknown>>

function objectOf(kind: string, metadata: Parts, spec: Parts) {
  const object = readObject(kind, { metadata, spec }, { namespaced: true, isName: isSubdomainName })
  return typeof object === 'string' ? expect.unreachable(object) : object
}

/** A policy for sidecars, as istio/workloads has it. */
function aCustom(spec: Parts = {}, metadata: Parts = {}) {
  const policy = readCustomPolicy(
    objectOf(
      'AuthorizationPolicy',
      { namespace: 'istio-system', name: 'workload', ...metadata },
      {
        action: 'CUSTOM',
        provider: { name: 'kserve-authz-workload' },
        selector: { matchLabels: { component: 'predictor' } },
        rules: [{}],
        ...spec,
      },
    ),
  )
  return policy === undefined ? [] : [policy]
}

const OURS = { grpc: { backendRefs: [{ name: 'kserve-authz', namespace: 'kserve-authz' }] } }
const OTHERS = { grpc: { backendRefs: [{ name: 'authorino' }] } }

/** A policy at the Gateway, as envoy-gateway/gateway has it. */
const aSecurity = (spec: Parts = {}, metadata: Parts = {}) => [
  readSecurityPolicy(
    objectOf(
      'SecurityPolicy',
      { namespace: 'kserve', name: 'kserve-authz', ...metadata },
      { targetRefs: [{ kind: 'Gateway', name: 'ingress' }], extAuth: OURS, ...spec },
    ),
  ),
]
const atRoute = (spec: Parts) =>
  aSecurity(
    { targetRefs: [{ kind: 'HTTPRoute', name: 'iris' }], extAuth: undefined, ...spec },
    { namespace: 'team', name: 'mine' },
  )

const POD = {
  namespace: 'team',
  name: 'iris-0',
  labels: new Map([['component', 'predictor']]),
  sidecar: true,
}
const BARE = { ...POD, name: 'iris-1', sidecar: false }
const ROUTE = readOwnedRoute(
  objectOf(
    'HTTPRoute',
    {
      namespace: 'team',
      name: 'iris',
      ownerReferences: [{ kind: 'InferenceService', name: 'iris' }],
    },
    { parentRefs: [{ name: 'ingress', namespace: 'kserve' }] },
  ),
)

const NONE: GuardPolicies = { custom: [], security: [], neither: false }
const AT_GATEWAY = { targetRefs: [{ kind: 'Gateway', name: 'ingress' }] }

function judged(
  pods: readonly (typeof POD)[],
  policies: Partial<GuardPolicies>,
  routes = [ROUTE],
): string {
  const guard = guardOf({ shared: false, pods, routes }, { ...NONE, ...policies })
  return guard.state === 'unguarded' ? `${guard.reason} ${guard.at}` : guard.state
}

const NOT_SELECTED = 'pod-not-selected Pod team/iris-0'
const NOT_AT_GATEWAY = 'gateway-not-guarded Gateway kserve/ingress'

describe('a pod with a sidecar', () => {
  it.each([
    ['a policy of the root namespace', aCustom(), 'guarded'],
    ["a policy of the pod's namespace", aCustom({}, { namespace: 'team' }), 'guarded'],
    ['a policy for every pod', aCustom({ selector: undefined }), 'guarded'],
    ['no policy', [], NOT_SELECTED],
    ['a policy without rules', aCustom({ rules: [] }), NOT_SELECTED],
    ['a policy that denies', aCustom({ action: 'DENY' }), NOT_SELECTED],
    ['a policy for other pods', aCustom({ selector: { matchLabels: { app: 'a' } } }), NOT_SELECTED],
    ['a policy at a Gateway', aCustom(AT_GATEWAY), NOT_SELECTED],
    ['a provider of another name', aCustom({ provider: { name: 'odh' } }), 'unknown'],
    [
      'such a provider in a policy of this project',
      aCustom(
        { provider: { name: 'odh' } },
        { labels: { 'app.kubernetes.io/part-of': 'kserve-authz' } },
      ),
      'guarded',
    ],
    ['what may be the root namespace', aCustom({}, { namespace: 'mesh' }), 'unknown'],
    [
      'a namespace that is not the root, which another policy shows',
      [...aCustom({}, { namespace: 'mesh' }), ...aCustom(AT_GATEWAY)],
      NOT_SELECTED,
    ],
    ['policies that cannot be read', undefined, 'unknown'],
  ])('and %s', (_title, custom, state) => {
    expect(judged([POD], { custom })).toBe(state)
  })

  it('is not guarded by its Gateway, because other pods can call it', () => {
    expect(judged([POD], { security: aSecurity() })).toBe(NOT_SELECTED)
  })
})

describe('a pod without a sidecar', () => {
  it.each([
    ['a SecurityPolicy at its Gateway', { security: aSecurity() }, 'guarded'],
    [
      'an AuthorizationPolicy at its Gateway',
      { custom: aCustom(AT_GATEWAY, { namespace: 'kserve' }) },
      'guarded',
    ],
    [
      "a policy for its Gateway's pods",
      { custom: aCustom({ selector: { matchLabels: { istio: 'ingressgateway' } } }) },
      'guarded',
    ],
    ['only policies for pods of services', { custom: aCustom() }, NOT_AT_GATEWAY],
    ['no policy', {}, NOT_AT_GATEWAY],
    [
      'a policy at another Gateway',
      { security: aSecurity({ targetRefs: [{ kind: 'Gateway', name: 'other' }] }) },
      NOT_AT_GATEWAY,
    ],
    [
      'a SecurityPolicy that asks nobody',
      { security: aSecurity({ extAuth: undefined }) },
      NOT_AT_GATEWAY,
    ],
    ['a SecurityPolicy that asks others', { security: aSecurity({ extAuth: OTHERS }) }, 'unknown'],
    ['SecurityPolicies that cannot be read', { security: undefined }, 'unknown'],
    ['neither kind in the cluster', { neither: true }, 'unknown'],
    ['a policy of ours at its route', { security: atRoute({ extAuth: OURS }) }, 'guarded'],
    [
      'another policy at its route, which replaces that of the Gateway',
      { security: [...aSecurity(), ...atRoute({})] },
      'check-replaced SecurityPolicy team/mine',
    ],
    [
      'another policy at its route, merged with that of the Gateway',
      { security: [...aSecurity(), ...atRoute({ mergeType: 'StrategicMerge' })] },
      'guarded',
    ],
    [
      'another policy at its route that asks somebody',
      { security: [...aSecurity(), ...atRoute({ extAuth: OTHERS })] },
      'unknown',
    ],
  ])('and %s', (_title, policies, state) => {
    expect(judged([BARE], policies)).toBe(state)
  })

  it('and without a known route is guarded if any Gateway asks', () => {
    expect(judged([BARE], {}, [])).toBe('gateway-not-guarded ')
    expect(judged([BARE], { security: aSecurity() }, [])).toBe('guarded')
    expect(judged([BARE], { custom: aCustom() }, [])).toBe('gateway-not-guarded ')
    const selector = { matchLabels: { istio: 'ingressgateway' } }
    expect(judged([BARE], { custom: aCustom({ selector }) }, [])).toBe('guarded')
    expect(judged([BARE], { custom: aCustom({ selector }, { namespace: 'team' }) }, [])).toBe(
      'unknown',
    )
    expect(judged([BARE], { security: aSecurity({ extAuth: OTHERS }) }, [])).toBe('unknown')
    expect(judged([BARE], { security: undefined }, [])).toBe('unknown')
  })

  it('counts although another pod is guarded', () => {
    expect(judged([POD, BARE], { custom: aCustom() })).toBe(NOT_AT_GATEWAY)
  })
})

describe('a service', () => {
  it('without pods cannot be called', () => {
    expect(judged([], {})).toBe('guarded')
  })

  it('that shares its pods is not guarded by anything', () => {
    const guard = guardOf({ shared: true, pods: [], routes: [] }, NONE)
    expect(guard).toEqual({ state: 'unguarded', reason: 'shared-pods', at: '' })
  })
})
