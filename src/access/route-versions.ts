// Keeps the routes of the Gateway API, with previous versions while gateways may still use them.

import { createTable } from '../common/table.ts'
import { type GatewayRoute, type GatewayRouteRef, idOfRoute } from './gateway-route.ts'
import { createRouteIndex, type RouteIndex } from './route-index.ts'

/** The routes of gateways: written by a source, read by each request. */
export type RouteVersions = {
  readonly put: (id: string, route: GatewayRoute) => void
  readonly remove: (id: string) => void
  readonly size: () => number
  /**
   * The versions of this route that a gateway may use now: the current one, and recent previous ones, because a
   * gateway sees a change later. Empty: there is none.
   */
  readonly versionsOf: (ref: GatewayRouteRef) => readonly GatewayRoute[]
  /** The same for a request: any of these routes may take it, and others take it for certain. */
  readonly index: Pick<RouteIndex, 'candidates' | 'ofHost'>
  /** Milliseconds of a monotonic clock. */
  readonly now: () => number
}

/** How long a gateway may use the previous version of a route, in milliseconds. */
export const GATEWAY_LAG_MS = 5_000
/** Previous versions of one route. If there are more, the route counts as missing until they have expired. */
export const MAX_FORMER = 16

type Former = { readonly route: GatewayRoute; readonly until: number }

export function createRouteVersions(now: () => number): RouteVersions {
  const table = createTable<GatewayRoute>((route) => [idOfRoute(route)])
  const index = createRouteIndex()
  const start = now()
  /** In order of expiry. */
  const former = new Map<string, Former[]>()
  const indexed: { readonly id: string; readonly until: number }[] = []
  let versions = 0

  function keep(route: GatewayRoute) {
    const id = idOfRoute(route)
    const until = now() + GATEWAY_LAG_MS
    const known = former.get(id) ?? []
    // Appended to the map, because it expires last.
    former.delete(id)
    former.set(id, [...known.slice(-MAX_FORMER), { route, until }])
    versions += 1
    const version = `former ${versions}`
    index.put(version, { route, from: Number.POSITIVE_INFINITY, until })
    indexed.push({ id: version, until })
  }

  function forgetEnded() {
    const at = now()
    for (const [id, versions] of former) {
      if (versions.some(({ until }) => until > at)) break
      former.delete(id)
    }
    const lasting = indexed.findIndex(({ until }) => until > at)
    const ended = indexed.splice(0, lasting < 0 ? indexed.length : lasting)
    for (const { id } of ended) index.remove(id)
  }

  const remove = (id: string) => {
    const before = table.get(id)
    forgetEnded()
    if (before !== undefined) keep(before)
    table.remove(id)
    index.remove(`present ${id}`)
  }
  return {
    index,
    now,
    remove,
    put: (id, route) => {
      const before = table.get(id)
      forgetEnded()
      if (before !== undefined && isSame(before, route)) return
      if (before !== undefined && !isSame(unattached(before), unattached(route))) keep(before)
      table.put(id, route)
      // What is read at the start was there before.
      const isNew = now() - start >= GATEWAY_LAG_MS
      const from = isNew ? now() + GATEWAY_LAG_MS : Number.NEGATIVE_INFINITY
      index.put(`present ${id}`, { route, from, until: undefined })
    },
    size: table.size,
    versionsOf: (ref) => {
      const id = idOfRoute(ref)
      const current = table.find(id)
      const known = former.get(id)
      if (known === undefined || current.length === 0) return current
      const at = now()
      const lasting = known.filter(({ until }) => until > at)
      if (lasting.length > MAX_FORMER) return []
      return lasting.length === 0 ? current : [...current, ...lasting.map(({ route }) => route)]
    },
  }
}

const unattached = (route: GatewayRoute): GatewayRoute => ({
  ...route,
  attached: [],
  accepted: false,
})

const isSame = (one: GatewayRoute, other: GatewayRoute): boolean =>
  JSON.stringify(one) === JSON.stringify(other)
