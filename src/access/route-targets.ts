// Finds the services to which a rule of a route of the Gateway API leads.

import type { Directory } from './directory.ts'
import {
  type GatewayRoute,
  type GatewayRouteMatch,
  type GatewayRouteRule,
  idOfRoute,
  type RouteBackend,
} from './gateway-route.ts'
import { idOf, type Service } from './service.ts'
import type { Target } from './target.ts'

type Known = Pick<Directory, 'servicesNamed' | 'ownersOf'>

/** What a rule leads to that is no known service's. Without a namespace it may be anywhere. */
type Nobody = { readonly what: string; readonly namespace: string | undefined }

/** The services that a rule leads to, its route's owner among them. */
export function leadsOf(
  { owner }: GatewayRoute,
  { backends }: GatewayRouteRule,
  { cut }: GatewayRouteMatch,
  directory: Known,
): { readonly targets: readonly Target[]; readonly unknown: readonly Nobody[] } {
  const targets: Target[] = []
  const unknown: Nobody[] = []
  const add = (services: readonly Service[], nobody: Nobody) => {
    if (services.length === 0) unknown.push(nobody)
    targets.push(...services.map((service) => targetOf(service, cut)))
  }
  if (owner !== undefined) {
    add(directory.servicesNamed(owner), { what: idOf(owner), namespace: owner.namespace })
  }
  for (const backend of backends) {
    const namespace = backend.kind === 'other' ? undefined : backend.namespace
    add(servicesBehind(backend, directory), { what: labelOf(backend), namespace })
  }
  return { targets, unknown }
}

export const whyNobody = (route: GatewayRoute, { what }: Nobody): string =>
  `${idOfRoute(route)} leads to ${what}, which is no known service's`

const labelOf = ({ kind, namespace, name }: RouteBackend) => `${kind} ${namespace}/${name}`

/**
 * KServe names Kubernetes Services and InferencePools after their service, which has these names. One of
 * another namespace may have the name as a host, and is not behind it.
 */
function servicesBehind(
  { kind, namespace, name }: RouteBackend,
  { ownersOf }: Pick<Known, 'ownersOf'>,
): readonly Service[] {
  if (kind === 'other') return []
  const isPool = kind === 'InferencePool'
  if (isPool && !name.endsWith(POOL)) return []
  const named = isPool ? `${name.slice(0, -POOL.length)}${WORKLOAD}` : name
  const services = ownersOf(`${named}.${namespace}`)
  return services.some((service) => service.namespace === namespace) ? services : []
}

const POOL = '-inference-pool'
const WORKLOAD = '-kserve-workload-svc'

/** Without a `cut` the model gets another path than the one of the request. */
export const targetOf = (service: Service, cut: string | undefined): Target => ({
  service,
  position: 'gateway',
  workload: undefined,
  pathPrefix: cut ?? '',
  bound: true,
  ...(cut === undefined ? { rewritten: true } : {}),
})
