// The routes that the configuration gives a service.

import { isReachable } from '../access/asking.ts'
import { idOf, ROUTED, type Route, type ServiceRef } from '../access/service.ts'
import { leadingPaths, MAX_ROUTE_SEGMENTS } from '../common/path.ts'
import type { KubernetesObject } from './object.ts'
import type { Problem, Raise } from './problem.ts'
import type { DeclaredHost, ReadSettings } from './read-settings.ts'
import { canonicalRoute } from './routes.ts'

/** The routes that the installation's configuration gives a service. */
export function declaredRoutes(
  { kind, namespace, name }: KubernetesObject,
  { gateways: { hosts } = NONE }: Pick<ReadSettings, 'gateways'>,
): readonly Route[] {
  if (hosts.length === 0) return []
  const known = byService.get(hosts) ?? indexed(hosts)
  byService.set(hosts, known)
  return known.get(`${kind}/${namespace}/${name}`) ?? []
}

const NONE: { readonly hosts: readonly DeclaredHost[] } = { hosts: [] }

const byService = new WeakMap<readonly DeclaredHost[], ReadonlyMap<string, readonly Route[]>>()

function indexed(hosts: readonly DeclaredHost[]): ReadonlyMap<string, readonly Route[]> {
  const routes = new Map<string, Route[]>()
  for (const { host, path, gateways, ...service } of hosts) {
    const route = canonicalRoute(host, path, 'installation')
    if (route === undefined) continue
    const id = idOf(service satisfies ServiceRef)
    const routed = gateways === undefined ? {} : { gateways, attached: gateways }
    routes.set(id, [...(routes.get(id) ?? []), { ...route, ...routed }])
  }
  return routes
}

/** Reports a route of KServe that the configuration gives to another service. */
export function raiseDeclaredElsewhere(
  { kind, namespace, name }: Pick<KubernetesObject, 'kind' | 'namespace' | 'name'>,
  routes: readonly Route[],
  { gateways: { hosts } = NONE }: Pick<ReadSettings, 'gateways'>,
  raise: Raise,
): void {
  if (hosts.length === 0) return
  const overlapping = overlapsOf.get(hosts) ?? indexOverlaps(hosts)
  overlapsOf.set(hosts, overlapping)
  const isForAnother = (declared: DeclaredHost, { gateways }: Route) =>
    (declared.kind !== kind || declared.namespace !== namespace || declared.name !== name) &&
    isReachable(declared, { gateways: gateways === undefined ? undefined : new Set(gateways) })
  const elsewhere = routes.find(
    (route) =>
      ROUTED[route.basis] && overlapping(route).some((declared) => isForAnother(declared, route)),
  )
  if (elsewhere === undefined) return
  raise(
    'DeclaredForAnother',
    `gateways.hosts of the configuration gives ${elsewhere.host}${elsewhere.pathPrefix}, or a path on it, to another service: all of them must allow a request there`,
  )
}

/** The entries that a request for a route may match, too. */
type Overlaps = (route: Route) => readonly DeclaredHost[]

const overlapsOf = new WeakMap<readonly DeclaredHost[], Overlaps>()

function indexOverlaps(hosts: readonly DeclaredHost[]): Overlaps {
  const at = new Map<string, DeclaredHost[]>()
  const below = new Map<string, DeclaredHost[]>()
  const add = (index: Map<string, DeclaredHost[]>, address: string, each: DeclaredHost) => {
    const known = index.get(address)
    if (known === undefined) index.set(address, [each])
    else known.push(each)
  }
  for (const each of hosts) {
    const route = canonicalRoute(each.host, each.path, 'installation')
    if (route === undefined) continue
    const prefixes = leadingPaths(route.pathPrefix, MAX_ROUTE_SEGMENTS)
    add(at, `${each.host} ${route.pathPrefix}`, each)
    for (const prefix of prefixes) add(below, `${each.host} ${prefix}`, each)
  }
  return ({ host, pathPrefix }) =>
    host === undefined
      ? []
      : [
          ...leadingPaths(pathPrefix, MAX_ROUTE_SEGMENTS).flatMap(
            (prefix) => at.get(`${host} ${prefix}`) ?? [],
          ),
          ...(below.get(`${host} ${pathPrefix}`) ?? []),
        ]
}

/** Entries of `gateways.hosts` that give one address to several services. */
export function declaredTwice(hosts: readonly DeclaredHost[]): readonly Problem[] {
  const owners = new Map<string, Set<string>>()
  for (const { host, path, ...service } of hosts) {
    const { pathPrefix } = canonicalRoute(host, path, 'installation') ?? {}
    if (pathPrefix === undefined) continue
    const address = `${host}${pathPrefix}`
    owners.set(address, (owners.get(address) ?? new Set()).add(idOf(service)))
  }
  return [...owners].flatMap(([address, services]) =>
    services.size < 2
      ? []
      : {
          object: `gateways.hosts ${address}`,
          reason: 'DeclaredTwice',
          message: 'it belongs to several services: all of them must allow a request there',
        },
  )
}

/** Entries of `gateways.hosts` whose service is not known. */
export const declaredInVain = (
  hosts: readonly DeclaredHost[],
  isKnown: (service: ServiceRef) => boolean,
): readonly Problem[] =>
  hosts
    .filter((service) => !isKnown(service))
    .map(({ host, path, kind, namespace, name }) => ({
      object: `gateways.hosts ${host}${path}`,
      reason: 'NoSuchService',
      message: `there is no ${kind} ${namespace}/${name}: its requests are refused`,
    }))
