// Builds routes from hosts, paths and URLs.

import { PASSES, type Route, type RouteBasis } from '../access/service.ts'
import { canonicalHost } from '../common/host.ts'
import { isCanonicalPath, MAX_ROUTE_SEGMENTS } from '../common/path.ts'
import type { Raise } from './problem.ts'
import type { StatusUrl } from './status-urls.ts'

/** Routes of one service. */
export const MAX_ROUTES = 256

/** A route for a whole host. */
export const hostRoute = (host: string, basis: RouteBasis): Route => ({
  host,
  pathPrefix: '',
  basis,
})

/** Routes for the cluster DNS names of a Kubernetes Service. */
export const clusterRoutes = (
  name: string,
  namespace: string,
  basis: 'name' | 'unrouted-name',
): readonly Route[] =>
  ['', '.svc', '.svc.cluster.local'].map((suffix) =>
    hostRoute(`${name}.${namespace}${suffix}`, basis),
  )

/** A route for a path on any host; `undefined`: not canonical. */
export const pathRoute = (
  pathPrefix: string,
  basis: RouteBasis = 'published',
): Route | undefined =>
  isPathPrefix(pathPrefix) ? { host: undefined, pathPrefix, basis } : undefined

/** A route for a path on a host; `undefined`: not canonical. */
export function canonicalRoute(
  host: string,
  written: string,
  basis: RouteBasis,
): Route | undefined {
  const pathPrefix = routedPath(written)
  return pathPrefix === undefined ? undefined : { host, pathPrefix, basis }
}

/** The path without a trailing slash, `''` for the whole host; `undefined`: not canonical. */
export function routedPath(written: string): string | undefined {
  const path = written.endsWith('/') ? written.slice(0, -1) : written
  // A path that is too deep is shortened: it then covers more, never less.
  const pathPrefix = path.split('/', MAX_ROUTE_SEGMENTS + 1).join('/')
  return pathPrefix === '' || isPathPrefix(pathPrefix) ? pathPrefix : undefined
}

const isPathPrefix = (path: string) =>
  isCanonicalPath(path) &&
  !path.endsWith('/') &&
  path.split('/', MAX_ROUTE_SEGMENTS + 2).length <= MAX_ROUTE_SEGMENTS + 1

/** Host and path of a URL of a status. */
export type UrlParts = { readonly host: string; readonly path: string }

/** Reads a URL of a status; `undefined`, with a problem: host or path are not canonical. */
export function readUrl({ field, url }: StatusUrl, raise: Raise): UrlParts | undefined {
  const parsed = parseUrl(url)
  const host = parsed === null ? undefined : canonicalHost(parsed.hostname)
  const path = parsed === null ? undefined : routedPath(parsed.pathname)
  if (host !== undefined && path !== undefined) return { host, path }
  raise('UnreadableURL', `${field} is not a URL with a canonical host and path, or is too long`)
  return undefined
}

/** In characters. The Gateway API allows host names of 253 and paths of 1,024. */
export const MAX_URL_LENGTH = 2_048

/** `null`: not a URL, or longer than any route's. */
export const parseUrl = (url: unknown): URL | null =>
  typeof url === 'string' && url.length <= MAX_URL_LENGTH ? URL.parse(url) : null

/** Each route once, without those that another route of the service covers; at most 256. The first ones are kept. */
export function boundedRoutes(routes: readonly Route[], raise: Raise): readonly Route[] {
  const kept = distinct(routes)
  if (kept.length > MAX_ROUTES)
    raise(
      'TooManyURLs',
      `its status has too many URLs: only ${MAX_ROUTES} hosts and paths are used`,
    )
  return kept.slice(0, MAX_ROUTES)
}

function distinct(routes: readonly Route[]): Route[] {
  const keyOf = ({ host, pathPrefix, headers = [], by, ending }: Omit<Route, 'basis'>) =>
    JSON.stringify([host ?? '*', pathPrefix, by ?? '', ending ?? '', ...headers])
  const byKey = new Map<string, Route>()
  for (const route of routes) {
    const known = byKey.get(keyOf(route))
    if (known === undefined || STRENGTH[known.basis] < STRENGTH[route.basis]) {
      byKey.set(keyOf(route), route)
    }
  }
  const held = ({ host, pathPrefix, headers }: Route) =>
    (pathPrefix !== '' && isRouted(byKey.get(keyOf({ host, pathPrefix: '' })))) ||
    (headers !== undefined && byKey.has(keyOf({ host, pathPrefix }))) ||
    (host !== undefined && isRouted(byKey.get(keyOf({ host: undefined, pathPrefix }))))
  // Own routes stay: their conditions decide which routes precede others.
  return [...byKey.values()].filter((route) => route.own === true || !held(route))
}

const isRouted = (route: Route | undefined): boolean => route !== undefined && PASSES[route.basis]

/** Of two routes with the same address the stronger basis wins. */
const STRENGTH: Readonly<Record<RouteBasis, number>> = {
  'unrouted-name': 0,
  shared: 0,
  published: 1,
  name: 2,
  installation: 3,
}
