// Which gateways ask, and whether a route exists at them.

/**
 * The name of a gateway: `namespace/name` of a Gateway of the Gateway API, `istio:namespace/name` of a
 * Gateway of Istio.
 */
export type GatewayName = string

/** Every Gateway of the Gateway API. */
export const ANY_GATEWAY: GatewayName = '*'

const ISTIO = 'istio:'
export const istioGateway = (name: string): GatewayName => `${ISTIO}${name}`

/** A proxy, and the gateways it serves: checks from its addresses come from these gateways only. */
export type GatewayProxy = {
  /** In the form of `canonicalAddress`; none: not known. */
  readonly addresses: readonly string[]
  readonly gateways: readonly GatewayName[]
  /** Whether it prefers a longer path prefix to a regular expression, as Istio does. */
  readonly pathsFirst?: boolean
  /** Whether the configuration names its gateways: then they may have further proxies. */
  readonly declared?: boolean
}

/** The gateway that asks is one of these; `undefined`: any. */
export type Asking = Pick<GatewayProxy, 'pathsFirst'> & {
  readonly gateways: ReadonlySet<GatewayName> | undefined
  /** The gateways that it is not, because all their addresses are known; only if it is not known. */
  readonly except?: ReadonlySet<GatewayName>
}

export const UNKNOWN_GATEWAY: Asking = { gateways: undefined }

/** The gateways that may have a route; `undefined`: not known. */
export type Routed = { readonly gateways?: readonly GatewayName[] | undefined }

/** The gateways that certainly have a route: a status shows it. */
export type Attached = { readonly attached?: readonly GatewayName[] | undefined }

/** Whether the gateway that asks may have the route. */
export function isReachable({ gateways: own }: Routed, { gateways: asking }: Asking): boolean {
  if (asking === undefined || own === undefined) return true
  if (own.includes(ANY_GATEWAY)) return [...asking].some((name) => !name.startsWith(ISTIO))
  return own.some((name) => asking.has(name))
}

/** Whether the gateway that asks is certainly none of the route's, although it is not known. */
export const isElsewhere = ({ gateways: own }: Routed, { except }: Asking): boolean =>
  own?.every((name) => except?.has(name) === true) ?? false

/**
 * Whether one route certainly exists at each gateway that may ask and may have the other route. Then the
 * gateway prefers the more specific of the two.
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

/** The gateways of an address; unknown if its proxies disagree. */
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

/** The gateways of an address that these proxies, which are all that are known, do not have. */
export function askingBeyond(proxies: readonly GatewayProxy[]): Asking {
  const before = beyond.get(proxies)
  if (before !== undefined) return before
  const except = new Set(proxies.flatMap(({ gateways }) => gateways))
  for (const { addresses, gateways, declared = false } of proxies)
    if (declared || addresses.length === 0) for (const name of gateways) except.delete(name)
  const asking = except.size === 0 ? UNKNOWN_GATEWAY : { gateways: undefined, except }
  beyond.set(proxies, asking)
  return asking
}

/** By list: a table returns a new list after each change. */
const known = new WeakMap<readonly GatewayProxy[], Asking>()
const beyond = new WeakMap<readonly GatewayProxy[], Asking>()
