// Finds the services with a route for the whole host of a request.

import { isProtocolPath } from '../common/path.ts'
import { type Asking, isReachable, type Routed } from './asking.ts'
import type { Directory } from './directory.ts'
import type { FoundTarget } from './found.ts'
import { routesAt } from './matched-routes.ts'
import type { AccessRequest } from './request.ts'
import { PASSES, type Route, type Service } from './service.ts'
import { inOrder, type Target, type Targets } from './target.ts'

/** By list of services, which is a new one after each change: everything that does not depend on the request. */
const known = new WeakMap<readonly Service[], WeakMap<Asking, readonly FoundTarget[]>>()
const ordered = new WeakMap<readonly FoundTarget[], Targets>()

/** The services with a route for the whole host of the request at the gateway that asks. */
export function findOnHost(
  request: AccessRequest,
  path: string,
  directory: Directory,
  asking: Asking,
): readonly FoundTarget[] {
  const address = { host: request.host, pathPrefix: '' }
  const services = directory.servicesRoutedBy(address)
  const kept = known.get(services) ?? new WeakMap<Asking, readonly FoundTarget[]>()
  const before = kept.get(asking)
  if (before !== undefined) return before
  const protocol = isProtocolPath(path)
  const found = services.flatMap((service): FoundTarget | [] => {
    const routes = routesAt(service, address, request).filter((route) =>
      isReachable(routedOf(service, route), asking),
    )
    if (routes.length === 0) return []
    const passes = routes.some(
      ({ basis, headers }) => PASSES[basis] && (protocol || headers === undefined),
    )
    const isRest = routes.every(({ basis, headers }) => !PASSES[basis] && headers === undefined)
    const rest = isRest ? routes[0] : undefined
    return { target: atPrefix(service, ''), passes, owner: routes.find(isOwner), rest }
  })
  const isConditional = ({ routes }: Service) =>
    routes.some(
      ({ host, headers, ending }) =>
        host === request.host && (headers !== undefined || ending !== undefined),
    )
  if (services.length > 0 && !services.some(isConditional)) {
    kept.set(asking, found)
    known.set(services, kept)
  }
  return found
}

/** Whether the gateways certainly have a route of exactly this host: then no any-host route applies there. */
export const isOwner = ({ attached = [], basis }: Route): boolean =>
  attached.length > 0 && PASSES[basis]

export const routedOf = (service: Service, route: Route): Routed =>
  route.gateways === undefined ? service : route

export const atPrefix = (service: Service, pathPrefix: string): Target => ({
  service,
  position: 'gateway',
  workload: undefined,
  pathPrefix,
})

/** The targets in order, each service once; the same list for the same findings. */
export function targetsOf(found: readonly FoundTarget[]): Targets | undefined {
  const before = ordered.get(found)
  if (before !== undefined) return before
  const targets = inOrder(onceEach(found.map(({ target }) => target)))
  if (targets !== undefined) ordered.set(found, targets)
  return targets
}

/** A service with several matching routes is judged once, by the longest one; apart if it gets another path. */
function onceEach(targets: readonly Target[]): readonly Target[] {
  if (targets.length < 2) return targets
  const byService = new Map<Service, Target>()
  const rewritten = new Map<Service, Target>()
  for (const target of targets) {
    const judged = target.rewritten === true ? rewritten : byService
    const known = judged.get(target.service)
    if (known === undefined || known.pathPrefix.length < target.pathPrefix.length) {
      judged.set(target.service, target)
    }
  }
  return [...byService.values(), ...rewritten.values()]
}
