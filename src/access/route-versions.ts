// Keeps the routes of the Gateway API, with previous versions while gateways may still use them.

import { createTable } from '../common/table.ts'
import { type GatewayRoute, type GatewayRouteRef, idOfRoute } from './gateway-route.ts'

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
}

/** How long a gateway may use the previous version of a route, in milliseconds. */
export const GATEWAY_LAG_MS = 5_000
/** Previous versions of one route. If there are more, the route counts as missing until they have expired. */
export const MAX_FORMER = 16

type Former = { readonly route: GatewayRoute; readonly until: number }

export function createRouteVersions(now: () => number): RouteVersions {
  const table = createTable<GatewayRoute>((route) => [idOfRoute(route)])
  /** In order of expiry. */
  const former = new Map<string, Former[]>()

  function keep(route: GatewayRoute) {
    const id = idOfRoute(route)
    const known = former.get(id) ?? []
    // Appended to the map, because it expires last.
    former.delete(id)
    former.set(id, [...known.slice(-MAX_FORMER), { route, until: now() + GATEWAY_LAG_MS }])
  }

  function forgetEnded() {
    const at = now()
    for (const [id, versions] of former) {
      if (versions.some(({ until }) => until > at)) break
      former.delete(id)
    }
  }

  const remove = (id: string) => {
    const before = table.get(id)
    forgetEnded()
    if (before !== undefined) keep(before)
    table.remove(id)
  }
  return {
    remove,
    put: (id, route) => {
      const before = table.get(id)
      forgetEnded()
      if (before !== undefined && !isSame(before, route)) keep(before)
      table.put(id, route)
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

const isSame = (one: GatewayRoute, other: GatewayRoute): boolean =>
  JSON.stringify(one) === JSON.stringify(other)
