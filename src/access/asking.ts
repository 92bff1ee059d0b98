/**
 * The name of a gateway: `namespace/name` of a Gateway of the Gateway API, `istio:namespace/name` of a
 * Gateway of Istio.
 */
export type GatewayName = string

/** Stands for every Gateway of the Gateway API. */
export const ANY_GATEWAY: GatewayName = '*'

const ISTIO = 'istio:'
export const istioGateway = (name: string): GatewayName => `${ISTIO}${name}`

/** The proxy of gateways: from its addresses only these gateways ask. */
export type GatewayProxy = {
  /** In the form of `canonicalAddress`. */
  readonly addresses: readonly string[]
  readonly gateways: readonly GatewayName[]
  /** Whether it chooses a route by a longer path before one by a regular expression, as Istio does. */
  readonly pathsFirst?: boolean
}

/** The gateways of which one asks; `undefined`: any. */
export type Asking = Pick<GatewayProxy, 'pathsFirst'> & {
  readonly gateways: ReadonlySet<GatewayName> | undefined
}

export const UNKNOWN_GATEWAY: Asking = { gateways: undefined }

/** What has routes at gateways; `undefined`: it is not known at which. */
export type Routed = { readonly gateways?: readonly GatewayName[] | undefined }

/** What surely has routes at gateways: a status shows it. */
export type Attached = { readonly attached?: readonly GatewayName[] | undefined }

/** Whether what has these routes can be reached at the gateway that asks. */
export function isReachable({ gateways: own }: Routed, { gateways: asking }: Asking): boolean {
  if (asking === undefined || own === undefined) return true
  if (own.includes(ANY_GATEWAY)) return [...asking].some((name) => !name.startsWith(ISTIO))
  return own.some((name) => asking.has(name))
}

/**
 * Whether one surely has its routes at each gateway that may ask and at which the other has some. Then the more
 * specific route of the one is chosen before that of the other.
 */
export function isBeside(
  { attached: own = [] }: Attached,
  other: Routed,
  { gateways: asking }: Asking,
): boolean {
  const all = other.gateways?.includes(ANY_GATEWAY) ? undefined : other.gateways
  const places =
    asking === undefined ? all : [...asking].filter((name) => all?.includes(name) ?? true)
  return places?.every((name) => own.includes(name)) ?? false
}

/** The gateways that all proxies of an address agree on. */
export function askingOf(proxies: readonly GatewayProxy[]): Asking {
  const before = known.get(proxies)
  if (before !== undefined) return before
  const [first, ...others] = proxies.map(({ gateways }) => new Set(gateways))
  const agreed =
    first !== undefined &&
    others.every(
      (other) => other.size === first.size && [...other].every((name) => first.has(name)),
    )
  const pathsFirst = proxies.every((proxy) => proxy.pathsFirst === true)
  const asking = agreed ? { gateways: first, pathsFirst } : UNKNOWN_GATEWAY
  known.set(proxies, asking)
  return asking
}

/** By the list of a table, which is another one after each change. */
const known = new WeakMap<readonly GatewayProxy[], Asking>()
