import type { Random } from '../routes/random.ts'
import type { BackendRef, HttpRoute, Match, Rule, Service } from './model.ts'

export type World = {
  readonly services: readonly Service[]
  readonly routes: readonly HttpRoute[]
}

export const NAMESPACES = ['team', 'demo'] as const
const NAMES = ['iris', 'fraud', 'x', 'iris-predictor'] as const
const LLMS = ['llama', 'chat'] as const
export const HOSTS = ['a.example.com', 'b.example.com', 'deep.b.example.com', 'other.test'] as const
const WILD = ['*.example.com', '*.b.example.com', '*.test'] as const
export const PATHS = [
  '/',
  '/v1',
  '/v1/models',
  '/v1/models/m',
  '/healthz',
  '/team/llama',
  '/x/',
] as const
const PATTERNS = ['^/.*$', '/v1/.*', '/[a-z]+', '/team/llama(/.*)?'] as const
type Header = readonly [name: string, value: string]
export const HEADERS: readonly [Header, ...Header[]] = [
  ['x-gateway-model-name', 'publishers/team/models/llama'],
  ['x-gateway-model-name', 'publishers/demo/models/chat'],
  ['x-tier', 'gold'],
]
export const METHODS = ['GET', 'POST', 'OPTIONS'] as const

export function createWorld(random: Random): World {
  const of = (kind: Service['kind'], names: readonly string[]) =>
    NAMESPACES.flatMap((namespace) =>
      random
        .some(names, 0.6)
        .map((name): Service => ({ kind, namespace, name, open: random.chance(0.5) })),
    )
  const services = [...of('InferenceService', NAMES), ...of('LLMInferenceService', LLMS)]
  const routes = [
    ...services.map((service) => kserveRoute(service, random)),
    ...Array.from({ length: random.below(5) }, (_, index) => ownRoute(index, services, random)),
  ]
  return { services, routes: random.shuffled(routes) }
}

/** Some routes of a world, changed: under their old names they may lead elsewhere. */
export const changed = ({ services, routes }: World, random: Random): readonly HttpRoute[] =>
  routes.flatMap((route) => {
    if (random.chance(0.6)) return [route]
    const { spec } = random.chance(0.5) ? ownRoute(0, services, random) : route
    return random.chance(0.2) ? [] : [{ ...route, spec }]
  })

function routeOf(
  { namespace, name }: Pick<Service, 'namespace' | 'name'>,
  spec: HttpRoute['spec'],
  owner?: Service,
): HttpRoute {
  const reference = { apiVersion: 'serving.kserve.io/v1', controller: true, ...owner }
  return {
    apiVersion: 'gateway.networking.k8s.io/v1',
    kind: 'HTTPRoute',
    metadata: {
      namespace,
      name,
      ...(owner === undefined ? {} : { ownerReferences: [{ kind: 'Pod' }, reference] }),
    },
    spec,
  }
}

/** As KServe makes it, with few of the rules for LLMs. */
function kserveRoute(service: Service, random: Random): HttpRoute {
  const { kind, namespace, name } = service
  if (kind === 'InferenceService') {
    const hostnames = [`${name}-${namespace}.example.com`]
    const matches = [{ path: { type: 'RegularExpression', value: '^/.*$' } }]
    const backendRefs = [{ kind: 'Service', name: `${name}-predictor` }]
    return routeOf(service, { hostnames, rules: [{ matches, backendRefs }] }, service)
  }
  const pool = [
    { group: 'inference.networking.k8s.io', kind: 'InferencePool', name: `${name}-inference-pool` },
  ]
  const workload = [{ kind: 'Service', name: `${name}-kserve-workload-svc` }]
  const replaced = (replacePrefixMatch: string) => [
    {
      type: 'URLRewrite',
      urlRewrite: { path: { type: 'ReplacePrefixMatch', replacePrefixMatch } },
    },
  ]
  const root = `/${namespace}/${name}`
  const value = `publishers/${namespace}/models/${name}`
  const rules: readonly Rule[] = [
    {
      matches: [{ path: { value: `${root}/v1/models` } }],
      filters: replaced('/v1/models'),
      backendRefs: pool,
    },
    { matches: [{ path: { value: root } }], filters: replaced('/'), backendRefs: workload },
    { matches: [{ headers: [{ name: 'X-Gateway-Model-Name', value }] }], backendRefs: workload },
  ]
  const named = rules.map((rule, index) => ({ ...rule, name: `rule-${index}` }))
  return routeOf(service, { rules: random.chance(0.5) ? named : rules }, service)
}

function ownRoute(index: number, services: readonly Service[], random: Random): HttpRoute {
  const namespace = random.pick(NAMESPACES)
  const all = [...HOSTS, ...WILD]
  const hostnames = random.chance(0.3) ? undefined : random.shuffled(all).slice(0, 2)
  const rules = Array.from({ length: 1 + random.below(3) }, (_, at) => ({
    ...(random.chance(0.3) ? { name: `rule-${at % 2}` } : {}),
    ...aRule(namespace, services, random),
  }))
  // Anybody with write access to a route can claim that it belongs to another.
  const owner = random.chance(0.3)
    ? random.pick(services.filter((service) => service.namespace === namespace))
    : undefined
  const spec = { ...(hostnames === undefined ? {} : { hostnames }), rules }
  return routeOf({ namespace, name: `own-${index}` }, spec, owner)
}

function aRule(namespace: string, services: readonly Service[], random: Random): Rule {
  const backend = () => aBackend(namespace, services, random)
  const filters = [
    ...(random.chance(0.1)
      ? [{ type: 'RequestMirror', requestMirror: { backendRef: backend() } }]
      : []),
    ...(random.chance(0.1)
      ? [
          {
            type: 'URLRewrite',
            urlRewrite: { path: { type: 'ReplaceFullPath', replaceFullPath: '/healthz' } },
          },
        ]
      : []),
  ]
  const matches = Array.from({ length: 1 + random.below(2) }, () => aMatch(random))
  return {
    ...(random.chance(0.2) ? {} : { matches }),
    ...(filters.length === 0 ? {} : { filters }),
    backendRefs: Array.from({ length: random.chance(0.2) ? 2 : 1 }, backend),
  }
}

function aMatch(random: Random): Match {
  const [name, value] = random.pick(HEADERS)
  const path = random.pick([
    { type: 'Exact', value: random.pick(PATHS) },
    { type: 'RegularExpression', value: random.pick(PATTERNS) },
    { value: random.pick(PATHS) },
    { type: 'PathPrefix', value: random.pick(PATHS) },
  ])
  const headers = [
    random.chance(0.2) ? { type: 'RegularExpression', name, value: '.+' } : { name, value },
  ]
  return {
    ...(random.chance(0.8) ? { path } : {}),
    ...(random.chance(0.2) ? { method: random.pick(METHODS) } : {}),
    ...(random.chance(0.3) ? { headers } : {}),
    ...(random.chance(0.1) ? { queryParams: [{ name: 'a', value: 'b' }] } : {}),
  }
}

function aBackend(from: string, services: readonly Service[], random: Random): BackendRef {
  const service = random.pick(services)
  if (service === undefined || random.chance(0.1)) return { name: 'nobody' }
  const { kind, namespace, name } = service
  if (random.chance(0.05))
    return { group: 'gateway.envoyproxy.io', kind: 'Backend', name: `${name}-predictor` }
  const pool = { group: 'inference.networking.k8s.io', kind: 'InferencePool' }
  const target =
    kind === 'InferenceService'
      ? { name: random.chance(0.8) ? `${name}-predictor` : name }
      : random.pick([
          { name: `${name}-kserve-workload-svc` },
          { ...pool, name: `${name}-inference-pool` },
        ])
  return {
    ...target,
    ...(namespace === from ? {} : { namespace }),
    ...(random.chance(0.1) ? { weight: random.below(2) } : {}),
  }
}
