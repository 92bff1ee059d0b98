// The routes of an LLMInferenceService's own HTTPRoute.

import type { Route } from '../access/service.ts'
import { canonicalHost } from '../common/host.ts'
import { isProtocolPath } from '../common/path.ts'
import type { Attachment } from './gateways.ts'
import { type Fields, listAt } from './object.ts'
import type { Raise } from './problem.ts'
import { matchesOf, type RouteMatch } from './route-matches.ts'
import { canonicalRoute, hostRoute, pathRoute } from './routes.ts'

/**
 * The routes of an LLMInferenceService's own `spec.router.route.http`. With hostnames it has its paths on
 * them. Without, it matches its paths on any host that no other route of its gateways has; it can allow only
 * on `hosts`, which its status publishes, and by a path that is not an API of many models.
 */
export function ownRouteRoutes(
  route: Fields,
  hosts: readonly string[],
  published: readonly string[],
  { gateways, attached }: Attachment,
  raise: Raise,
): readonly Route[] {
  const named = hostnamesOf(route, raise)
  const matches = matchesOf(route)
  if (named.length > 0) {
    return named.flatMap((host) =>
      routesOn(host, matches, 'published').map((route) => ({
        ...route,
        gateways,
        attached: published.includes(host) ? attached : [],
      })),
    )
  }
  if (matches.some(takesEveryPath)) {
    raise(
      'RouteTakesEveryPath',
      'its own route has no hostnames and no path: at gateways it can deny requests for any host that ' +
        'no other route there has, and never allows one',
    )
  }
  return [
    ...matches.flatMap(anyHostRoute),
    ...hosts.slice(0, MAX_HOSTNAMES).flatMap((host) => routesOn(host, matches, 'shared')),
  ]
}

const takesEveryPath = ({ path, headers }: RouteMatch): boolean =>
  path === '' && headers.length === 0

/** `whole`: the basis of a route for the whole host. */
const routesOn = (
  host: string,
  matches: readonly RouteMatch[],
  whole: 'published' | 'shared',
): readonly Route[] =>
  matches.flatMap((match) => {
    const basis = takesEveryPath(match) ? whole : 'published'
    const route = canonicalRoute(host, match.path, basis)
    return route === undefined ? [] : withConditions(route, match)
  })

function anyHostRoute(match: RouteMatch): readonly Route[] {
  const basis = isProtocolPath(match.path) ? 'shared' : 'published'
  const route =
    match.path === ''
      ? ({ host: undefined, pathPrefix: '', basis: 'shared' } as const)
      : pathRoute(match.path, basis)
  return route === undefined ? [] : withConditions({ ...route, own: true }, match)
}

const withConditions = (route: Route, { headers, by, ending }: RouteMatch): readonly Route[] => [
  {
    ...route,
    ...(headers.length === 0 ? {} : { headers }),
    ...(by === undefined ? {} : { by }),
    ...(ending === undefined ? {} : { ending }),
  },
]

export const MAX_HOSTNAMES = 16

export function hostnamesOf(route: Fields, raise: Raise): readonly string[] {
  const hosts = listAt(route, 'spec', 'hostnames')
    .slice(0, MAX_HOSTNAMES)
    .map((host) => (typeof host === 'string' ? canonicalHost(host) : undefined))
  if (hosts.includes(undefined)) {
    raise(
      'UnreadableHostname',
      'spec.router.route.http.spec.hostnames has an entry that is not a host name',
    )
  }
  return hosts.filter((host) => host !== undefined)
}

/** The paths that a status publishes, as routes of its own. */
export const publishedPaths = (urls: readonly { host: string; path: string }[]): readonly Route[] =>
  urls.flatMap(({ host, path }) => {
    if (path === '') return []
    const route = isProtocolPath(path) ? canonicalRoute(host, path, 'published') : pathRoute(path)
    return route ?? []
  })

/**
 * The possible routes of HTTPRoutes that others manage: any path on any host, and hosts whose root a status
 * publishes.
 */
export const foreignRoutes = (hosts: readonly string[]): readonly Route[] => [
  { host: undefined, pathPrefix: '', basis: 'shared', own: true, by: 'unread' },
  ...hosts.map((host) => hostRoute(host, 'shared')),
]
