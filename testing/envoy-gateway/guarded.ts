import type { Written } from '../cluster/client.ts'

type Row = readonly [title: string, object: Written]

const anObject = (apiVersion: string, kind: string, spec: object, namespace = 'team'): Written => ({
  apiVersion,
  kind,
  metadata: { namespace, name: 'tried' },
  spec,
})

const EG = 'gateway.envoyproxy.io/v1alpha1'
const API = 'gateway.networking.k8s.io'

const policy = (spec: object, target = 'HTTPRoute', namespace = 'team') => {
  const targetRefs = [{ group: API, kind: target, name: 'iris' }]
  return anObject(EG, 'SecurityPolicy', { targetRefs, ...spec }, namespace)
}

const CORS = { cors: { allowOrigins: ['https://a.example.com'] } }
const OWN = { grpc: { backendRefs: [{ name: 'own', port: 9003 }] } }
const MERGED = { mergeType: 'StrategicMerge' }

const route = (rule: object, kind = 'HTTPRoute', namespace = 'team') =>
  anObject(`${API}/v1`, kind, { parentRefs: [{ name: 'gateway' }], rules: [rule] }, namespace)

const ELSEWHERE = { name: 'iris-predictor', namespace: 'other', port: 80 }
const HERE = { name: 'iris-predictor', port: 80 }
const mirror = (backendRef: object) => ({ type: 'RequestMirror', requestMirror: { backendRef } })

const aBackend = (namespace?: string) => {
  const endpoints = [{ fqdn: { hostname: 'iris-predictor.other.svc.cluster.local', port: 80 } }]
  return anObject(EG, 'Backend', { endpoints }, namespace)
}

const aPatch = (namespace?: string) =>
  anObject(
    EG,
    'EnvoyPatchPolicy',
    { targetRef: { group: API, kind: 'Gateway', name: 'g' }, type: 'JSONPatch', jsonPatches: [] },
    namespace,
  )

/** Objects that Envoy Gateway accepts, and that let a tenant bypass the checks. */
export const REFUSED: Readonly<Record<string, readonly Row[]>> = {
  'security-policies.kserve-authz.io': [
    ['a policy at a route', policy(CORS)],
    ['a policy at a GRPCRoute', policy(CORS, 'GRPCRoute')],
    ['a policy at a Gateway', policy(CORS, 'Gateway')],
    ['its own extAuth', policy({ extAuth: OWN })],
    ['its own extAuth that is merged', policy({ extAuth: OWN, ...MERGED })],
  ],
  'gateway-objects.kserve-authz.io': [
    ['a Backend', aBackend()],
    ['an EnvoyPatchPolicy', aPatch()],
    [
      'an EnvoyExtensionPolicy',
      anObject(EG, 'EnvoyExtensionPolicy', {
        targetRefs: [{ group: API, kind: 'HTTPRoute', name: 'iris' }],
        lua: [{ type: 'Inline', inline: 'function envoy_on_request(handle) end' }],
      }),
    ],
  ],
  'gateway-routes.kserve-authz.io': [
    ['a route into another namespace', route({ backendRefs: [HERE, ELSEWHERE] })],
    ['a GRPCRoute into another namespace', route({ backendRefs: [ELSEWHERE] }, 'GRPCRoute')],
    ['a mirror', route({ backendRefs: [HERE], filters: [mirror(ELSEWHERE)] })],
    ['a mirror of a backend', route({ backendRefs: [{ ...HERE, filters: [mirror(ELSEWHERE)] }] })],
  ],
}

export const TAKEN: readonly Row[] = [
  ['a policy that is merged', policy({ ...CORS, ...MERGED })],
  ['a policy of the installation', policy({ extAuth: OWN }, 'Gateway', 'kserve')],
  ['a Backend of the installation', aBackend('kserve')],
  ['a patch of the installation', aPatch('envoy-gateway-system')],
  [
    'a route in its own namespace',
    route({ backendRefs: [HERE, { ...ELSEWHERE, namespace: 'team' }] }),
  ],
  ['a route without backends', route({})],
  ['a mirror in its own namespace', route({ backendRefs: [HERE], filters: [mirror(HERE)] })],
  ['a route of the installation', route({ backendRefs: [ELSEWHERE] }, 'HTTPRoute', 'kserve')],
]
