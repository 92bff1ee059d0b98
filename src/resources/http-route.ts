// Reads HTTPRoutes and GRPCRoutes of the Gateway API.

import type {
  GatewayRoute,
  GatewayRouteRule,
  RouteBackend,
  RouteKind,
} from '../access/gateway-route.ts'
import { SERVICE_KINDS, type ServiceRef } from '../access/service.ts'
import { canonicalHost } from '../common/host.ts'
import { isSubdomainName, type KubernetesObject, listAt, textAt, valueAt } from './object.ts'
import type { Raise } from './problem.ts'
import { parentsOf } from './route-parents.ts'
import { readRouteMatch } from './route-rule.ts'

/** Maxima of the Gateway API for all these lists. */
export const MAX_ROUTE_PARTS = 128

/**
 * Reads an HTTPRoute or GRPCRoute of the Gateway API. An unreadable part matches any request and leads to no
 * service: such a route allows nobody.
 */
export function readGatewayRoute(
  object: KubernetesObject,
  kind: RouteKind,
  raise: Raise,
): GatewayRoute {
  const { namespace, name, content } = object
  const rules = listAt(content, 'spec', 'rules')
  const hostnames = listAt(content, 'spec', 'hostnames').map(readHostname)
  const isBounded = rules.length <= MAX_ROUTE_PARTS && hostnames.length <= MAX_ROUTE_PARTS
  if (!isBounded) raise('RouteTooLarge', `has more than ${MAX_ROUTE_PARTS} rules or hostnames`)
  return {
    kind,
    namespace,
    name,
    owner: ownerOf(object),
    ...parentsOf(object),
    hostnames: hostnames.includes(undefined) || !isBounded ? [] : hostnames.filter(isText),
    rules: isBounded ? rules.map((rule) => readRule(rule, kind, namespace)) : [NOWHERE],
  }
}

const isText = (hostname: string | undefined): hostname is string => hostname !== undefined

function readHostname(written: unknown): string | undefined {
  if (typeof written !== 'string') return undefined
  const domain = written.startsWith('*.') ? written.slice(2) : written
  const host = domain.includes(':') ? undefined : canonicalHost(domain)
  return host === undefined || domain === written ? host : `*.${host}`
}

/** The KServe controller that wrote the object. */
function ownerOf({ namespace, content }: KubernetesObject): ServiceRef | undefined {
  const references = listAt(content, 'metadata', 'ownerReferences')
  const owner = references.find((reference) => valueAt(reference, 'controller') === true)
  const kind = SERVICE_KINDS.find((each) => each === textAt(owner, 'kind'))
  const name = textAt(owner, 'name') ?? ''
  const isOfKserve = textAt(owner, 'apiVersion')?.startsWith('serving.kserve.io/') ?? false
  return isOfKserve && kind !== undefined && isSubdomainName(name)
    ? { kind, namespace, name }
    : undefined
}

const ELSEWHERE: RouteBackend = { kind: 'other', namespace: '', name: '' }

const NOWHERE: GatewayRouteRule = {
  section: undefined,
  matches: [
    {
      path: { type: 'pattern', value: '' },
      method: undefined,
      headers: [],
      conditional: true,
      cut: undefined,
    },
  ],
  backends: [ELSEWHERE],
}

function readRule(rule: unknown, kind: RouteKind, namespace: string): GatewayRouteRule {
  const [matches, refs] = [listAt(rule, 'matches'), listAt(rule, 'backendRefs')]
  const filters = [rule, ...refs].flatMap((each) => listAt(each, 'filters'))
  if ([matches, refs, filters].some(({ length }) => length > MAX_ROUTE_PARTS)) return NOWHERE
  return {
    section: textAt(rule, 'name'),
    matches: (matches.length === 0 ? [{}] : matches).flatMap((match) =>
      readRouteMatch(match, kind, filters),
    ),
    backends: [
      ...refs
        .filter((ref) => valueAt(ref, 'weight') !== 0)
        .map((ref) => readBackend(ref, namespace)),
      ...filters
        .map((filter) => valueAt(filter, 'requestMirror', 'backendRef'))
        .filter((ref) => ref !== undefined)
        .map((ref) => readBackend(ref, namespace)),
    ],
  }
}

const POOL_GROUPS: ReadonlySet<string> = new Set([
  'inference.networking.k8s.io',
  'inference.networking.x-k8s.io',
])

function readBackend(ref: unknown, routeNamespace: string): RouteBackend {
  const name = textAt(ref, 'name')
  const namespace = valueAt(ref, 'namespace') ?? routeNamespace
  if (name === undefined || typeof namespace !== 'string') return ELSEWHERE
  return { kind: kindOf(ref), namespace, name }
}

function kindOf(ref: unknown): RouteBackend['kind'] {
  const group = valueAt(ref, 'group') ?? ''
  const kind = valueAt(ref, 'kind') ?? 'Service'
  if (group === '' && kind === 'Service') return 'Service'
  const isPool = typeof group === 'string' && POOL_GROUPS.has(group) && kind === 'InferencePool'
  return isPool ? 'InferencePool' : 'other'
}
