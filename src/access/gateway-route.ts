// The types of routes of the Gateway API, and of what a gateway says about its route.

import type { Attached, Routed } from './asking.ts'
import type { ServiceRef } from './service.ts'

/** The kinds of HTTP routes in the Gateway API. */
export const ROUTE_KINDS = ['HTTPRoute', 'GRPCRoute'] as const
export type RouteKind = (typeof ROUTE_KINDS)[number]

export type GatewayRouteRef = {
  readonly kind: RouteKind
  readonly namespace: string
  readonly name: string
}

/** A route of the Gateway API: the parts that determine its backends. */
export type GatewayRoute = GatewayRouteRef &
  Routed &
  Attached & {
    /** Whether a gateway has accepted it, in this or an earlier version. */
    readonly accepted: boolean
    /** The KServe service whose controller wrote it; `undefined`: none. */
    readonly owner: ServiceRef | undefined
    /** Lower-case; `*.domain` for every name below it. Empty: every host of its listeners. */
    readonly hostnames: readonly string[]
    readonly rules: readonly GatewayRouteRule[]
  }

export type GatewayRouteRule = {
  /** The name by which a proxy can report this rule. */
  readonly section: string | undefined
  /** At least one; a request needs to satisfy one of them. */
  readonly matches: readonly GatewayRouteMatch[]
  /** All possible destinations of a request, mirrors included. */
  readonly backends: readonly RouteBackend[]
}

export type GatewayRouteMatch = {
  /**
   * A prefix has no trailing slash. `pattern`: the matching paths are unknown, but have the prefix `value` and the
   * ending.
   */
  readonly path: {
    readonly type: 'exact' | 'prefix' | 'pattern'
    readonly value: string
    readonly ending?: string
  }
  /** `undefined`: every method. */
  readonly method: string | undefined
  /** Names in lower case. Without a value the header must be present. */
  readonly headers: readonly (readonly [name: string, value: string | undefined])[]
  /** Whether there are further conditions, which are unknown. */
  readonly conditional: boolean
  /** The prefix that is removed from the path; `undefined`: the path at the model is unknown. */
  readonly cut: string | undefined
}

/** `other`: no known service owns it. */
export type RouteBackend = {
  readonly kind: 'Service' | 'InferencePool' | 'other'
  readonly namespace: string
  readonly name: string
}

export const idOfRoute = ({ kind, namespace, name }: GatewayRouteRef): string =>
  `${kind}/${namespace}/${name}`

/** The route that a proxy reports as selected. No client can write it. */
export type RouteBinding = {
  readonly route: (GatewayRouteRef & { readonly section: string | undefined }) | undefined
  readonly service: ServiceRef | undefined
}

/**
 * Whether a listener trusts the routes that proxies report. `required`: it denies requests without one. `ignored`:
 * host, path and headers alone decide.
 */
export const ROUTE_TRUSTS = ['required', 'used', 'ignored'] as const
type RouteTrust = (typeof ROUTE_TRUSTS)[number]

/** Whether a listener also trusts the context extension `service`, which some proxies let others write. */
export const CONTEXT_TRUSTS = ['used', 'ignored'] as const

/** What a listener trusts; absent: `used` for route metadata, `ignored` for the context extension. */
export type Trust = {
  readonly route?: RouteTrust | undefined
  readonly contextExtensions?: (typeof CONTEXT_TRUSTS)[number] | undefined
}
