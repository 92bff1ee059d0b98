// The routes that the configuration gives a service.

import { idOf, type Route, type ServiceRef } from '../access/service.ts'
import type { KubernetesObject } from './object.ts'
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
