import { canonicalHost } from '../access/host.ts'
import { isCanonicalPath, MAX_CLAIM_SEGMENTS } from '../access/path.ts'
import type { Claim } from '../access/service.ts'
import { type Fields, isFields, listAt, valueAt } from './object.ts'
import type { Raise } from './problem.ts'

const MAX_CLAIMS = 256

/** The names by which cluster DNS knows a Kubernetes Service, as claims of the whole host. */
export const clusterClaims = (name: string, namespace: string): readonly Claim[] =>
  ['', '.svc', '.svc.cluster.local'].map((suffix) => ({
    host: `${name}.${namespace}${suffix}`,
    pathPrefix: '',
  }))

/** A claim of a path on any host, `undefined` where it is not canonical. */
export const pathClaim = (pathPrefix: string): Claim | undefined =>
  isPathPrefix(pathPrefix) ? { host: undefined, pathPrefix } : undefined

/**
 * The claims a service has by its name, and those of every URL in its status.
 *
 * Those by name come first and are never cut. A URL that cannot be read is a problem, and no claim.
 */
export function readClaims(named: readonly Claim[], content: Fields, raise: Raise): Claim[] {
  const published = urlsIn(content).flatMap(([field, url]) => {
    const claim = typeof url === 'string' ? readUrl(url) : undefined
    if (claim === undefined)
      raise('UnreadableURL', `${field} is no URL with a canonical host and path`)
    return claim ?? []
  })
  const claims = distinct([...named, ...published])
  if (claims.length > MAX_CLAIMS)
    raise('TooManyURLs', `its status has too many URLs: only ${MAX_CLAIMS} hosts and paths count`)
  return claims.slice(0, MAX_CLAIMS)
}

/** Every URL of a status with the field in which it stands. Absent and empty ones are left out. */
function urlsIn(content: Fields): (readonly [field: string, url: unknown])[] {
  const at = (base: string, value: unknown, ...path: readonly string[]) =>
    [[[base, ...path].join('.'), valueAt(value, ...path)]] as const
  const each = (base: string, list: readonly unknown[]) =>
    list.flatMap((entry, index) => at(`${base}[${index}]`, entry, 'url'))

  const { status } = content
  const components = valueAt(status, 'components')
  return [
    ...at('status', status, 'url'),
    ...at('status', status, 'address', 'url'),
    ...each('status.addresses', listAt(status, 'addresses')),
    ...Object.entries(isFields(components) ? components : {}).flatMap(([name, component]) => {
      const base = COMPONENT_NAMES.has(name) ? `status.components.${name}` : 'status.components.*'
      return [
        ...at(base, component, 'url'),
        ...at(base, component, 'restUrl'),
        ...at(base, component, 'grpcUrl'),
        ...at(base, component, 'address', 'url'),
        ...each(`${base}.traffic`, listAt(component, 'traffic')),
      ]
    }),
  ].filter(([, url]) => url !== undefined && url !== null && url !== '')
}

const COMPONENT_NAMES: ReadonlySet<string> = new Set(['predictor', 'transformer', 'explainer'])

function readUrl(text: string): Claim | undefined {
  const url = URL.parse(text)
  const host = url === null ? undefined : canonicalHost(url.hostname)
  if (url === null || host === undefined) return undefined
  return canonicalClaim(host, url.pathname)
}

/** A claim of a path on a host; `undefined` where the path is not canonical. */
export function canonicalClaim(host: string, written: string): Claim | undefined {
  const path = written.endsWith('/') ? written.slice(0, -1) : written
  // A path that is too deep is claimed by its beginning: more than it says, never less.
  const pathPrefix = path
    .split('/')
    .slice(0, MAX_CLAIM_SEGMENTS + 1)
    .join('/')
  return pathPrefix === '' || isPathPrefix(pathPrefix) ? { host, pathPrefix } : undefined
}

const isPathPrefix = (path: string) =>
  isCanonicalPath(path) && !path.endsWith('/') && path.split('/').length <= MAX_CLAIM_SEGMENTS + 1

/** Each claim once, and none that another one of the same service holds already. */
function distinct(claims: readonly Claim[]): Claim[] {
  const keyOf = ({ host, pathPrefix }: Claim) => `${host ?? '*'} ${pathPrefix}`
  const byKey = new Map(claims.map((claim) => [keyOf(claim), claim]))
  const held = ({ host, pathPrefix }: Claim) =>
    (pathPrefix !== '' && byKey.has(keyOf({ host, pathPrefix: '' }))) ||
    (host !== undefined && byKey.has(keyOf({ host: undefined, pathPrefix })))
  return [...byKey.values()].filter((claim) => !held(claim))
}
