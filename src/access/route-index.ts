// Finds the routes of the Gateway API that may take a request, by host, path and header.

import { leadingPaths, MAX_ROUTE_SEGMENTS } from '../common/path.ts'
import { createTable } from '../common/table.ts'
import type { GatewayRoute, GatewayRouteMatch } from './gateway-route.ts'
import type { Asked } from './gateway-route-match.ts'
import { valuesIn } from './header-values.ts'

/** One version of a route, and when it counts, in milliseconds of a monotonic clock. */
export type IndexedRoute = {
  readonly route: GatewayRoute
  /** Gateways may not follow it before. */
  readonly from: number
  /** Gateways may follow it until then; `undefined`: it is the present version. */
  readonly until: number | undefined
}

export type RouteIndex = {
  readonly put: (id: string, route: IndexedRoute) => void
  readonly remove: (id: string) => void
  /** At least those that may take the request. `undefined`: a header has too many values. */
  readonly candidates: (asked: Asked) => ReadonlySet<IndexedRoute> | undefined
  /** The routes with exactly this hostname. */
  readonly ofHost: (host: string) => readonly IndexedRoute[]
}

/** A route with more keys is compared with every request for its hostnames. */
export const MAX_ROUTE_KEYS = 4_096

export function createRouteIndex(): RouteIndex {
  const table = createTable<IndexedRoute>(({ route }) => keysOf(route))
  const selectorsIn = ({ headers }: Asked): readonly string[] | undefined => {
    const selectors = ['']
    if (!table.has(HEADERS)) return selectors
    for (const [name, value] of headers) {
      if (!table.has(headerKey(name))) continue
      const values = valuesIn(value)
      if (values === undefined) return undefined
      for (const each of values) selectors.push(selectorOf(name, each))
    }
    return selectors
  }
  return {
    put: table.put,
    remove: table.remove,
    ofHost: (host) => table.find(hostKey(host)),
    candidates: (asked) => {
      const found = new Set<IndexedRoute>()
      if (table.size() === 0) return found
      const hosts = hostnamesFor(asked.host).filter((hostname) => table.has(hostKey(hostname)))
      if (hosts.length === 0) return found
      const selectors = selectorsIn(asked)
      if (selectors === undefined) return undefined
      const paths = pathKeysFor(asked.path)
      for (const hostname of hosts)
        for (const path of paths)
          for (const selector of selectors)
            for (const each of table.find(leafKey(hostname, path, selector))) found.add(each)
      return found
    },
  }
}

const ANY_HOST = '*'
const PATTERN = 'pattern'
const HEADERS = 'headers'

const hostKey = (hostname: string) => `host ${hostname}`
const headerKey = (name: string) => `header ${name}`
const selectorOf = (name: string, value: string) => `${name}: ${value}`
const leafKey = (hostname: string, path: string, selector: string) =>
  `${hostname} ${path} ${selector}`

/** `a.b.c`: itself, `*.b.c`, `*.c` and any. */
function hostnamesFor(host: string): readonly string[] {
  const hostnames = [host]
  for (let dot = host.indexOf('.'); dot >= 0; dot = host.indexOf('.', dot + 1))
    hostnames.push(`*${host.slice(dot)}`)
  hostnames.push(ANY_HOST)
  return hostnames
}

const pathKeysFor = (path: string): readonly string[] => [
  PATTERN,
  `exact ${path}`,
  ...leadingPaths(path, MAX_ROUTE_SEGMENTS).map((lead) => `prefix ${lead}`),
]

function keysOf({ hostnames, rules }: GatewayRoute): readonly string[] {
  const matches = rules.flatMap((rule) => rule.matches)
  const hosts = hostnames.length === 0 ? [ANY_HOST] : hostnames
  const leaves: readonly (readonly [path: string, selector: string])[] =
    hosts.length * matches.length > MAX_ROUTE_KEYS
      ? [[PATTERN, '']]
      : matches.map((match) => [pathKeyOf(match), selectorIn(match)])
  const names = matches.flatMap(({ headers }) => headers.map(([name]) => headerKey(name)))
  return [
    ...new Set([
      ...(names.length === 0 ? [] : [HEADERS]),
      ...names,
      ...hosts.flatMap((hostname) => [
        hostKey(hostname),
        ...leaves.map(([path, selector]) => leafKey(hostname, path, selector)),
      ]),
    ]),
  ]
}

function pathKeyOf({ path: { type, value } }: GatewayRouteMatch): string {
  if (type === 'pattern') return PATTERN
  if (type === 'exact') return `exact ${value}`
  return `prefix ${leadingPaths(value, MAX_ROUTE_SEGMENTS).at(-1) ?? ''}`
}

/** A value with a comma may be that of several lines of a header. */
function selectorIn({ headers }: GatewayRouteMatch): string {
  const certain = headers.find(([, value]) => value !== undefined && !value.includes(','))
  return certain === undefined ? '' : selectorOf(certain[0], certain[1] ?? '')
}
