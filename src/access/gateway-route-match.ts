// Finds the rules of a Gateway API route that a proxy may have selected for a request.

import { hasPrefix } from '../common/path.ts'
import type { GatewayRoute, GatewayRouteMatch, GatewayRouteRule } from './gateway-route.ts'
import type { AccessRequest } from './request.ts'

/** A request as it is compared with a route; `path` without its query. */
export type Asked = Pick<AccessRequest, 'host' | 'method' | 'headers'> & { readonly path: string }

/** A rule that may have been selected, with the match that applies. */
export type Chosen = { readonly rule: GatewayRouteRule; readonly match: GatewayRouteMatch }

/** Whether a route matches this host. */
export const takesHost = ({ hostnames }: GatewayRoute, host: string): boolean =>
  hostnames.length === 0 || hostnames.some((hostname) => isHost(hostname, host))

const isHost = (hostname: string, host: string): boolean =>
  hostname.startsWith('*.')
    ? host.endsWith(hostname.slice(1)) && host.length > hostname.length - 1
    : hostname === host

/**
 * The rules of a route that a proxy may have selected for a request. Excludes rules with another name, and rules
 * that another one certainly precedes in the Gateway API.
 */
export function chosenIn(
  { rules }: GatewayRoute,
  asked: Asked,
  section?: string,
): readonly Chosen[] {
  const possible = rules
    .filter((rule) => section === undefined || rule.section === section)
    .flatMap((rule) =>
      rule.matches
        .filter((match) => mayTake(match, asked))
        .map((match): Chosen => ({ rule, match })),
    )
  const certain = [...possible.entries()].filter(([, { match }]) => isCertain(match, asked))
  return possible.filter(
    ({ match }, index) =>
      !certain.some(([at, other]) => at !== index && precedes(other.match, match, at < index)),
  )
}

export function mayTake({ path, method, headers }: GatewayRouteMatch, asked: Asked): boolean {
  return (
    takesPath(path, asked.path) &&
    (method === undefined || method === asked.method) &&
    headers.every(([name, value]) => {
      const found = asked.headers.get(name)
      return found !== undefined && (value === undefined || value === found || found.includes(','))
    })
  )
}

function takesPath({ type, value, ending = '' }: GatewayRouteMatch['path'], path: string): boolean {
  if (type === 'exact') return path === value
  return hasPrefix(path, value) && path.endsWith(ending)
}

/** Whether this match applies to a request, if a proxy evaluates it. */
export const isCertain = (
  { path, headers, conditional }: GatewayRouteMatch,
  asked: Asked,
): boolean =>
  !conditional &&
  path.type !== 'pattern' &&
  headers.every(([name, value]) => value !== undefined && asked.headers.get(name) === value)

/**
 * Whether every implementation evaluates one match before the other. `earlier`: it is written before it.
 * `pathsFirst`: the gateway is known to prefer a path to a regular expression.
 */
export function precedes(
  one: GatewayRouteMatch,
  other: GatewayRouteMatch,
  earlier: boolean,
  pathsFirst = false,
): boolean {
  // Istio evaluates a root prefix without headers last.
  const isPath = one.path.type === 'prefix' && (one.path.value !== '' || one.headers.length > 0)
  if (pathsFirst && isPath && other.path.type === 'pattern') return true
  const byPath = comparePaths(one.path, other.path)
  if (byPath !== 0) return byPath > 0
  // An unknown condition may apply.
  if (other.conditional) return false
  const parts = [
    Number(one.method !== undefined) - Number(other.method !== undefined),
    one.headers.length - other.headers.length,
  ]
  if (parts.every((part) => part === 0)) return earlier
  return parts.every((part) => part >= 0)
}

/** Positive if the first takes precedence; patterns rank below exact paths, and otherwise the order is unknown. */
function comparePaths(one: GatewayRouteMatch['path'], other: GatewayRouteMatch['path']): number {
  if (one.type !== other.type) {
    if (one.type === 'exact') return 1
    return other.type === 'exact' ? -1 : Number.NaN
  }
  return one.type === 'pattern' ? Number.NaN : one.value.length - other.value.length
}
