// The types of routes of the Gateway API, and of what a gateway says about its route.

import type { Attached, Routed } from './asking.ts'
import type { ServiceRef } from './service.ts'

/** The kinds of the Gateway API that route HTTP. */
export const ROUTE_KINDS = ['HTTPRoute', 'GRPCRoute'] as const
export type RouteKind = (typeof ROUTE_KINDS)[number]

export type GatewayRouteRef = {
  readonly kind: RouteKind
  readonly namespace: string
  readonly name: string
}

/** A route of the Gateway API, as far as it says what is reached. */
export type GatewayRoute = GatewayRouteRef &
  Routed &
  Attached & {
    /** The service whose controller wrote it; `undefined`: none of KServe's. */
    readonly owner: ServiceRef | undefined
    /** Lower-case; `*.domain` for every name below it. Empty: every host of its listeners. */
    readonly hostnames: readonly string[]
    readonly rules: readonly GatewayRouteRule[]
  }

export type GatewayRouteRule = {
  /** The name by which a proxy may tell it from the others. */
  readonly section: string | undefined
  /** At least one; a request needs to fit one of them. */
  readonly matches: readonly GatewayRouteMatch[]
  /** Everything that a request may be sent to, mirrors included. */
  readonly backends: readonly RouteBackend[]
}

export type GatewayRouteMatch = {
  /**
   * A prefix has no slash at its end. `pattern`: it takes at most the paths with the prefix `value` and the
   * ending.
   */
  readonly path: {
    readonly type: 'exact' | 'prefix' | 'pattern'
    readonly value: string
    readonly ending?: string
  }
  /** `undefined`: every method. */
  readonly method: string | undefined
  /** Names in lower case. Without a value the header needs to be there. */
  readonly headers: readonly (readonly [name: string, value: string | undefined])[]
  /** Whether it has further conditions, which are not known here. */
  readonly conditional: boolean
  /** What is cut from the path; `undefined`: the model gets another path. */
  readonly cut: string | undefined
}

/** `other`: something that is not known to belong to a service. */
export type RouteBackend = {
  readonly kind: 'Service' | 'InferencePool' | 'other'
  readonly namespace: string
  readonly name: string
}

export const idOfRoute = ({ kind, namespace, name }: GatewayRouteRef): string =>
  `${kind}/${namespace}/${name}`

/** What the proxy says of the route that it chose. No client can write it. */
export type RouteBinding = {
  readonly route: (GatewayRouteRef & { readonly section: string | undefined }) | undefined
  readonly service: ServiceRef | undefined
}

/**
 * Whether a listener trusts what proxies say of routes. `required`: it refuses requests without it.
 * `ignored`: host, path and headers alone decide.
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
