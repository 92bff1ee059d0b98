import { canonicalHost } from '../access/host.ts'
import { isProtocolPath } from '../access/path.ts'
import type { Claim } from '../access/service.ts'
import { canonicalClaim, hostClaim, pathClaim } from './claims.ts'
import { type Fields, listAt } from './object.ts'
import type { Raise } from './problem.ts'
import { matchesOf, type RouteMatch } from './route-matches.ts'

/**
 * The claims of a route that an LLMInferenceService has of its own (`spec.router.route.http`): on its
 * hostnames, else on `hosts`, those that its status publishes. A path that is its own, and no API that many
 * models have, is claimed on any host, since any may lead to the gateway that has the route.
 */
export function ownRouteClaims(
  route: Fields,
  hosts: readonly string[],
  raise: Raise,
): readonly Claim[] {
  const named = hostnamesOf(route, raise)
  const matches = matchesOf(route)
  if (named.length > 0) return named.flatMap((host) => claimsOn(host, matches, 'published'))
  if (matches.some(({ path, headers }) => path === '' && headers.length === 0)) {
    raise(
      'RouteTakesEveryPath',
      'its own route has no hostnames and takes every path: at gateways it can only refuse requests',
    )
  }
  return [
    ...hosts.slice(0, MAX_HOSTNAMES).flatMap((host) => claimsOn(host, matches, 'shared')),
    ...matches.flatMap(({ path, headers }) => {
      const own = !isProtocolPath(path) || headers.some(([name]) => isOwnHeader(name))
      const claim = own ? anyHostClaim(path) : undefined
      return claim === undefined ? [] : withConditions(claim, headers)
    }),
  ]
}

/** `whole`: what a claim of the whole host means. */
const claimsOn = (
  host: string,
  matches: readonly RouteMatch[],
  whole: 'published' | 'shared',
): readonly Claim[] =>
  matches.flatMap(({ path, headers }) => {
    const basis = path === '' && headers.length === 0 ? whole : 'published'
    const claim = canonicalClaim(host, path, basis)
    return claim === undefined ? [] : withConditions(claim, headers)
  })

const anyHostClaim = (path: string): Claim | undefined =>
  path === '' ? { host: undefined, pathPrefix: '', basis: 'shared' } : pathClaim(path)

/** Whether a header is no one that many requests have: only then a condition on it tells a route. */
const isOwnHeader = (name: string): boolean => !COMMON_HEADER.test(name)

const COMMON_HEADER =
  /^(?::|accept|access-control-|authorization$|b3$|baggage$|cache-|connection$|content-|cookie$|date$|dnt$|expect$|forwarded$|grpc-|host$|if-|keep-alive$|origin$|pragma$|priority$|range$|referer$|sec-|te$|trace|transfer-|upgrade|user-agent$|via$|x-b3-|x-envoy-|x-forwarded-|x-real-ip$|x-request-)/

const withConditions = (claim: Claim, headers: RouteMatch['headers']): readonly Claim[] => [
  headers.length === 0 ? claim : { ...claim, headers },
]

export const MAX_HOSTNAMES = 16

function hostnamesOf(route: Fields, raise: Raise): readonly string[] {
  const hosts = listAt(route, 'spec', 'hostnames')
    .slice(0, MAX_HOSTNAMES)
    .map((host) => (typeof host === 'string' ? canonicalHost(host) : undefined))
  if (hosts.includes(undefined)) {
    raise(
      'UnreadableHostname',
      'spec.router.route.http.spec.hostnames has one that is no host name',
    )
  }
  return hosts.filter((host) => host !== undefined)
}

/** The claims of the paths that a status publishes, as those of a route of its own. */
export const publishedPaths = (urls: readonly { host: string; path: string }[]): readonly Claim[] =>
  urls.flatMap(({ host, path }) => {
    if (path === '') return []
    const claim = isProtocolPath(path) ? canonicalClaim(host, path, 'published') : pathClaim(path)
    return claim ?? []
  })

/** What routes that are made by others take of hosts whose root a status publishes: any path. */
export const sharedHosts = (hosts: readonly string[]): readonly Claim[] =>
  hosts.map((host) => hostClaim(host, 'shared'))
