// Finds the services behind the route or the service that a gateway names.

import { pathOf } from '../common/path.ts'
import type { Note } from './answer.ts'
import { type Deny, type DenyReason, deny } from './decision.ts'
import type { Directory } from './directory.ts'
import { type GatewayRoute, idOfRoute, type RouteBinding } from './gateway-route.ts'
import { type Asked, chosenIn, takesHost } from './gateway-route-match.ts'
import { type Gateways, namesOtherHost } from './gateways.ts'
import type { AccessRequest } from './request.ts'
import { leadsOf, targetOf, whyNobody } from './route-targets.ts'
import { idOf, type Service, type ServiceRef } from './service.ts'
import { inOrder, type Target, type Targets } from './target.ts'

type Known = Pick<Directory, 'routes' | 'servicesNamed' | 'ownersOf'>

/**
 * The services that the gateway's named route leads to. `undefined`: the check names no route, or the listener
 * ignores it.
 */
export function findBound(
  request: AccessRequest,
  directory: Known,
  gateways: Gateways,
  note: Note | undefined,
): Targets | Deny | undefined {
  const { binding } = request
  if (binding === undefined) return undefined
  const refuse = (reason: DenyReason, why: string): Deny => {
    note?.(why)
    return deny(reason)
  }
  if (binding === 'missing') return refuse('unknown-target', 'the gateway names no route')
  if (binding === 'unreadable') {
    return refuse('unknown-target', 'what the gateway says of its route cannot be read')
  }
  if (namesOtherHost(request, gateways)) {
    return refuse(
      'unsupported-request',
      `the gateway may take the host for another than ${request.host}`,
    )
  }
  const found = targetsOf(binding, request, directory)
  if ('reason' in found) return refuse(found.reason, found.why)
  return inOrder(found.targets) ?? refuse('unknown-target', 'the route leads to no service')
}

type Refusal = { readonly reason: DenyReason; readonly why: string }
type Found = { readonly targets: readonly Target[] }

function targetsOf(
  { route, service }: RouteBinding,
  request: AccessRequest,
  directory: Known,
): Found | Refusal {
  const named = service === undefined ? { targets: [] } : ofService(service, directory)
  if ('reason' in named || route === undefined) return named
  const versions = directory.routes.versionsOf(route)
  if (versions.length === 0) {
    return { reason: 'unknown-target', why: `${idOfRoute(route)} is not known` }
  }
  const asked = { ...request, path: pathOf(request.path) }
  const targets = [...named.targets]
  for (const [index, version] of versions.entries()) {
    const found = ofRoute(version, asked, route.section, directory)
    if ('targets' in found) targets.push(...found.targets)
    // A version that a gateway may no longer use need not match the request.
    else if (index === 0 || found.reason !== 'conflicting-target') return found
  }
  return { targets: onceEach(targets) }
}

function ofService(ref: ServiceRef, { servicesNamed }: Known): Found | Refusal {
  const services = servicesNamed(ref)
  if (services.length === 0) return { reason: 'unknown-target', why: `${idOf(ref)} is not known` }
  return { targets: services.map((service) => targetOf(service, '')) }
}

function ofRoute(
  route: GatewayRoute,
  asked: Asked,
  section: string | undefined,
  directory: Known,
): Found | Refusal {
  const chosen = takesHost(route, asked.host) ? chosenIn(route, asked, section) : []
  if (chosen.length === 0) {
    return { reason: 'conflicting-target', why: `${idOfRoute(route)} does not take this request` }
  }
  const targets: Target[] = []
  for (const { rule, match } of chosen) {
    const leads = leadsOf(route, rule, match, directory)
    const [nobody] = leads.unknown
    if (nobody !== undefined) {
      return { reason: 'unknown-target', why: whyNobody(route, nobody) }
    }
    targets.push(...leads.targets)
  }
  return { targets }
}

function onceEach(targets: readonly Target[]): readonly Target[] {
  if (targets.length < 2) return targets
  const paths = new Map<Service, Set<string>>()
  return targets.filter(({ service, pathPrefix, rewritten = false }) => {
    const known = paths.get(service) ?? new Set()
    paths.set(service, known)
    const size = known.size
    return known.add(`${rewritten} ${pathPrefix}`).size > size
  })
}
