// Finds the services that a request reaches by its path.

import {
  isCanonicalPath,
  leadingPaths,
  leadsPlainly,
  MAX_ROUTE_SEGMENTS,
  plainLead,
} from '../common/path.ts'
import { type Asking, type Attached, isReachable } from './asking.ts'
import type { Directory } from './directory.ts'
import type { FoundTarget } from './found.ts'
import { answersAt, type Gateways } from './gateways.ts'
import { atPrefix, isOwner, routedOf } from './host-targets.ts'
import { routesAt, servicesByHeaders } from './matched-routes.ts'
import { type Preferred, reachable } from './own-routes.ts'
import type { AccessRequest } from './request.ts'
import { PASSES, type Route, type Service } from './service.ts'

/** The services that a request may reach by its path. */
export type ByPath = {
  readonly found: readonly FoundTarget[]
  /** By routes of their own on any host, if it is not known that they answer at this host. */
  readonly own: readonly Own[]
  /** The routes with exactly the request's host. */
  readonly owners: readonly Attached[]
  readonly paths: Preferred['paths']
}

export type Own = { readonly service: Service; readonly routes: readonly [Route, ...Route[]] }

type Place = {
  readonly directory: Directory
  readonly gateways: Gateways
  readonly asking: Asking
  readonly onHost: readonly FoundTarget[]
  /** The routes of the Gateway API with exactly the request's host. */
  readonly written: readonly Attached[]
}

/** `undefined`: the path selects the service, and is not canonical. */
export function findByPath(request: AccessRequest, path: string, place: Place): ByPath | undefined {
  const canonical = isCanonicalPath(path)
  if (!canonical && mayLeadElsewhere(request.host, path, place)) return undefined
  const prefixes = leadingPaths(path, MAX_ROUTE_SEGMENTS)
  const below = prefixes.filter((prefix) => prefix !== '')
  const onHost = place.directory.divides(request.host)
    ? below.flatMap((prefix) => findAt(request, request.host, prefix, place))
    : []
  const owners = [
    ...[...place.onHost, ...onHost].flatMap(({ owner }) => owner ?? []),
    ...place.directory.servicesWithHostname(request.host),
    ...place.written,
  ]
  const divides = place.directory.divides(undefined)
  const named = divides ? below.flatMap((prefix) => findAt(request, undefined, prefix, place)) : []
  const own = (divides ? prefixes : ['']).flatMap((prefix) => ownAt(request, prefix, owners, place))
  const answering = ({ service, routes }: Own) =>
    routes.some(({ basis }) => PASSES[basis]) && answersAt(request.host, service, place.gateways)
  const found = [
    ...onHost,
    ...named,
    ...own.filter(answering).map(({ service, routes }) => ({
      target: atPrefix(service, routes[0].pathPrefix),
      passes: true,
      certain: certainOf(service, routes),
    })),
  ]
  const divided = found.length > 0 || own.some(({ routes: [route] }) => route.pathPrefix !== '')
  if (!canonical && divided) return undefined
  return {
    found,
    own: own.filter((each) => !answering(each)),
    owners,
    paths: found.flatMap(({ target: { pathPrefix }, passes, certain }) =>
      passes && certain !== undefined ? { attached: certain.attached, pathPrefix } : [],
    ),
  }
}

/** Whether a path that is not canonical may normalize to one with a route. */
function mayLeadElsewhere(
  host: string,
  path: string,
  { directory, asking, onHost }: Place,
): boolean {
  if (directory.divides(host)) return true
  if (!directory.divides(undefined)) return false
  const lead = plainLead(path)
  if (!leadsPlainly(path) || directory.routedBelow(lead)) return true
  const owners = onHost.flatMap(({ owner }) => owner ?? [])
  return reachable(directory.ownersBelow(lead), owners, asking).length > 0
}

/** By path routes on one host, and by those that KServe gives a service on any host. */
function findAt(
  request: AccessRequest,
  host: string | undefined,
  pathPrefix: string,
  { directory, gateways, asking }: Place,
): readonly FoundTarget[] {
  const address = { host, pathPrefix }
  return directory.servicesRoutedBy(address).flatMap((service): FoundTarget | [] => {
    const routes = routesAt(service, address, request).filter(
      (route) => route.own !== true && isReachable(routedOf(service, route), asking),
    )
    if (routes.length === 0) return []
    const passes =
      routes.some(({ basis }) => PASSES[basis]) &&
      (host !== undefined || answersAt(request.host, service, gateways))
    const owner = host === undefined ? undefined : routes.find(isOwner)
    return {
      target: atPrefix(service, pathPrefix),
      passes,
      owner,
      certain: certainOf(service, routes),
    }
  })
}

/** The first of these routes that matches every request with its path. A route for a host has its own gateways. */
function certainOf(service: Service, routes: readonly Route[]): Attached | undefined {
  const route = routes.find(
    ({ basis, headers, by }) => PASSES[basis] && headers === undefined && by === undefined,
  )
  return route?.host === undefined ? route && service : route
}

const ownAt = (
  request: AccessRequest,
  pathPrefix: string,
  owners: readonly Attached[],
  { directory, asking }: Pick<Place, 'directory' | 'asking'>,
): readonly Own[] =>
  ownIn(
    directory.servicesRoutedBy({ host: undefined, pathPrefix }),
    pathPrefix,
    request,
    owners,
    asking,
  )

function ownIn(
  services: readonly Service[],
  pathPrefix: string,
  request: AccessRequest,
  owners: readonly Attached[],
  asking: Asking,
): readonly Own[] {
  const address = { host: undefined, pathPrefix }
  return reachable(services, owners, asking).flatMap((service): Own | [] => {
    const [first, ...others] = routesAt(service, address, request).filter(
      // An unread route is assumed only at the gateways that its status names.
      ({ own, by }) => own === true && (by !== 'unread' || asking.gateways !== undefined),
    )
    return first === undefined ? [] : { service, routes: [first, ...others] }
  })
}

/** By routes of their own that headers alone select. `undefined`: such a header has too many values. */
export const ownByHeaders = (
  request: AccessRequest,
  directory: Directory,
  owners: readonly Attached[],
  asking: Asking,
): readonly Own[] | undefined =>
  servicesByHeaders(request, directory)?.flatMap((services) =>
    ownIn(services, '', request, owners, asking),
  )
