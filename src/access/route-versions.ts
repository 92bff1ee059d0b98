// Keeps the routes of the Gateway API, and their former versions while gateways may still follow them.

import { createTable } from '../common/table.ts'
import { type GatewayRoute, type GatewayRouteRef, idOfRoute } from './gateway-route.ts'

/** The routes of gateways: written by a source, read by each request. */
export type RouteVersions = {
  readonly put: (id: string, route: GatewayRoute) => void
  readonly remove: (id: string) => void
  readonly size: () => number
  /**
   * What a gateway may take for this route now: what it is, and what it was a moment ago, because a gateway
   * hears of a change later. Empty: there is none.
   */
  readonly versionsOf: (ref: GatewayRouteRef) => readonly GatewayRoute[]
}

/** A gateway may follow the former version of a route for this long, in milliseconds. */
export const GATEWAY_LAG_MS = 5_000
/** Former versions of one route. With more of them it counts as none until they have ended. */
export const MAX_FORMER = 16

type Former = { readonly route: GatewayRoute; readonly until: number }

export function createRouteVersions(now: () => number): RouteVersions {
  const table = createTable<GatewayRoute>((route) => [idOfRoute(route)])
  /** In the order in which they end. */
  const former = new Map<string, Former[]>()

  function keep(route: GatewayRoute) {
    const id = idOfRoute(route)
    const known = former.get(id) ?? []
    // At the end of the map, as the last to end.
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
