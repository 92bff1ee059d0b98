import type { Backend, Gateway, Match, Route, RouteKind, World } from './model.ts'

/** One path from a virtual host to a backend. */
type Leaf = {
  readonly match: Match
  readonly kind: RouteKind
  readonly traits: Route['traits']
  readonly source: Route['source']
  readonly backends: readonly Backend[]
}

type VirtualHost = { readonly domain: string; readonly leaves: readonly Leaf[] }

/** The virtual hosts of a gateway, and the order of their routes, as its control plane makes them. */
export function virtualHosts(world: World, gateway: Gateway): readonly VirtualHost[] {
  const byDomain = new Map<string, Leaf[]>()
  for (const { gateways, hostnames, matches, ...rest } of world.routes) {
    if (!gateways.includes(gateway.id)) continue
    for (const domain of domainsOf(hostnames, gateway)) {
      const leaves = byDomain.get(domain) ?? []
      byDomain.set(domain, leaves)
      for (const match of matches) leaves.push({ match, ...rest })
    }
  }
  return [...byDomain].map(([domain, leaves]) => ({ domain, leaves: sorted(leaves, world) }))
}

/** The intersection of a route's hostnames and those of the listeners. */
function domainsOf(hostnames: readonly string[], { hostnames: listeners }: Gateway) {
  if (hostnames.length === 0) return listeners
  const met = hostnames.flatMap((hostname) =>
    listeners.flatMap((listener) => {
      if (covers(listener, hostname)) return hostname.toLowerCase()
      return covers(hostname, listener) ? listener : []
    }),
  )
  return [...new Set(met)]
}

const covers = (wide: string, narrow: string) =>
  wide === '*' || wide === narrow || (wide.startsWith('*.') && narrow.endsWith(wide.slice(1)))

/** HTTPRoutes in the precedence of the Gateway API; VirtualServices after them, catch-alls last. */
function sorted(leaves: readonly Leaf[], { flavour }: World): readonly Leaf[] {
  const rank = RANKS[flavour]
  const keys = ({ match: { path, method, headers = [], query = [] } }: Leaf) => [
    rank[path.type],
    path.value.length,
    method === undefined ? 0 : 1,
    headers.length,
    query.length,
  ]
  const ofRoutes = leaves.filter(({ source }) => source === 'HTTPRoute')
  const ofServices = leaves.filter(({ source }) => source === 'VirtualService')
  const isCatchAll = ({ match: { path, headers = [] } }: Leaf) =>
    path.value === '/' && path.type !== 'Exact' && headers.length === 0
  const all = [
    ...ofRoutes.toSorted((one, other) => descending(keys(one), keys(other))),
    ...ofServices,
  ]
  return [...all.filter((leaf) => !isCatchAll(leaf)), ...all.filter(isCatchAll)]
}

/** Implementation-specific in the Gateway API: Envoy Gateway ranks patterns before prefixes. */
const RANKS = {
  istio: { Exact: 3, PathPrefix: 2, Plain: 2, RegularExpression: 1 },
  'envoy-gateway': { Exact: 3, RegularExpression: 2, PathPrefix: 1, Plain: 1 },
} as const

function descending(one: readonly number[], other: readonly number[]): number {
  const at = one.findIndex((value, index) => value !== other[index])
  return at < 0 ? 0 : (other[at] ?? 0) - (one[at] ?? 0)
}
