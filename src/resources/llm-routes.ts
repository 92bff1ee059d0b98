import { canonicalHost } from '../access/host.ts'
import { isProtocolPath } from '../access/path.ts'
import type { Claim } from '../access/service.ts'
import { canonicalClaim, hostClaim, pathClaim } from './claims.ts'
import type { Attachment } from './gateways.ts'
import { type Fields, listAt } from './object.ts'
import type { Raise } from './problem.ts'
import { matchesOf, type RouteMatch } from './route-matches.ts'

/**
 * The claims of a route that an LLMInferenceService has of its own (`spec.router.route.http`): on its
 * hostnames. Without hostnames it takes its paths on any host that no other route of its gateways has; it
 * lets pass on `hosts`, those that its status publishes, and by a path that is no API of many models.
 */
export function ownRouteClaims(
  route: Fields,
  hosts: readonly string[],
  published: readonly string[],
  { gateways, attached }: Attachment,
  raise: Raise,
): readonly Claim[] {
  const named = hostnamesOf(route, raise)
  const matches = matchesOf(route)
  if (named.length > 0) {
    return named.flatMap((host) =>
      claimsOn(host, matches, 'published').map((claim) => ({
        ...claim,
        gateways,
        attached: published.includes(host) ? attached : [],
      })),
    )
  }
  if (matches.some(takesEveryPath)) {
    raise(
      'RouteTakesEveryPath',
      'its own route has no hostnames and no path of its own: at gateways it can refuse requests for any ' +
        'host that no other route there has, and lets none pass',
    )
  }
  return [
    ...matches.flatMap(anyHostClaim),
    ...hosts.slice(0, MAX_HOSTNAMES).flatMap((host) => claimsOn(host, matches, 'shared')),
  ]
}

const takesEveryPath = ({ path, headers }: RouteMatch): boolean =>
  path === '' && headers.length === 0

/** `whole`: what a claim of the whole host means. */
const claimsOn = (
  host: string,
  matches: readonly RouteMatch[],
  whole: 'published' | 'shared',
): readonly Claim[] =>
  matches.flatMap((match) => {
    const basis = takesEveryPath(match) ? whole : 'published'
    const claim = canonicalClaim(host, match.path, basis)
    return claim === undefined ? [] : withConditions(claim, match)
  })

function anyHostClaim(match: RouteMatch): readonly Claim[] {
  const basis = isProtocolPath(match.path) ? 'shared' : 'published'
  const claim =
    match.path === ''
      ? ({ host: undefined, pathPrefix: '', basis: 'shared' } as const)
      : pathClaim(match.path, basis)
  return claim === undefined ? [] : withConditions({ ...claim, own: true }, match)
}

const withConditions = (claim: Claim, { headers, by, ending }: RouteMatch): readonly Claim[] => [
  {
    ...claim,
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

/** What routes that are made by others may take: any path of any host, and of hosts whose root a status publishes. */
export const foreignClaims = (hosts: readonly string[]): readonly Claim[] => [
  { host: undefined, pathPrefix: '', basis: 'shared', own: true, by: 'unread' },
  ...hosts.map((host) => hostClaim(host, 'shared')),
]
