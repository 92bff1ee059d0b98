import { canonicalHost } from '../access/host.ts'
import type { Claim } from '../access/service.ts'
import { canonicalClaim, claimedPath, hostClaim, pathClaim } from './claims.ts'
import { type Fields, listAt, textAt, valueAt } from './object.ts'
import type { Raise } from './problem.ts'

/** More matches of one route are not read: the route then counts as one that takes every path. */
const MAX_MATCHES = 256

/**
 * The claims of a route that an LLMInferenceService has of its own (`spec.router.route.http`). Conditions
 * on headers, methods and queries are left out: the claim is wider than the route, never narrower.
 */
export function ownRouteClaims(route: Fields, raise: Raise): readonly Claim[] {
  const hosts = listAt(route, 'spec', 'hostnames')
    .slice(0, MAX_MATCHES)
    .map((host) => (typeof host === 'string' ? canonicalHost(host) : undefined))
  const paths = pathsOf(route)
  if (hosts.includes(undefined)) {
    raise(
      'UnreadableHostname',
      'spec.router.route.http.spec.hostnames has one that is no host name',
    )
  }
  const named = hosts.filter((host) => host !== undefined)
  if (named.length > 0) {
    return named.flatMap((host) =>
      paths.flatMap((path) => canonicalClaim(host, path, 'published') ?? []),
    )
  }
  if (paths.includes('')) {
    raise(
      'RouteTakesEveryPath',
      'its own route has no hostnames and takes every path: gateways tell it by the hosts of its status alone',
    )
  }
  return paths.flatMap((path) => pathClaim(path) ?? [])
}

/** Whether a route of the service's own takes every path of the hosts that its status publishes. */
export const takesEveryPath = (route: Fields): boolean =>
  listAt(route, 'refs').length > 0 || pathsOf(route).includes('')

/** What each match is certain to begin with; `''`: any path. */
function pathsOf(route: Fields): readonly string[] {
  const rules = listAt(route, 'spec', 'rules')
  const matches = rules.slice(0, MAX_MATCHES).flatMap((rule) => {
    const written = listAt(rule, 'matches')
    return written.length === 0 ? [''] : written.slice(0, MAX_MATCHES).map(pathOfMatch)
  })
  const paths = [...new Set(matches)]
  return rules.length > MAX_MATCHES || paths.length > MAX_MATCHES ? ['', ...paths] : paths
}

function pathOfMatch(match: unknown): string {
  const value = textAt(match, 'path', 'value') ?? '/'
  const type = valueAt(match, 'path', 'type') ?? 'PathPrefix'
  const known = type === 'PathPrefix' || type === 'Exact'
  return claimedPath(known ? value : literalLead(value)) ?? ''
}

/** The whole segments that every match of a regular expression begins with; `''`: there are none. */
function literalLead(pattern: string): string {
  const [lead = ''] = pattern.includes('|')
    ? []
    : (/^\^?((?:\/[A-Za-z0-9_~-]*)*)/.exec(pattern) ?? []).slice(1)
  const end = pattern.replace(/^\^/, '').slice(lead.length)
  const certain = /^[?*{+]/.test(end) ? lead.slice(0, -1) : lead
  return end === '' || end === '$'
    ? certain
    : certain.slice(0, Math.max(0, certain.lastIndexOf('/')))
}

/** The hosts that an LLMInferenceService takes as a whole, where its own route takes every path. */
export const wholeHosts = (hosts: readonly string[]): readonly Claim[] =>
  hosts.map((host) => hostClaim(host, 'published'))
