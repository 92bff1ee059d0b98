// The types of services and their routes.

import type { GatewayName } from './asking.ts'

/** The KServe kinds that can be called, in the order in which targets are judged. */
export const SERVICE_KINDS = ['InferenceGraph', 'InferenceService', 'LLMInferenceService'] as const
export type ServiceKind = (typeof SERVICE_KINDS)[number]

/** The properties by which kinds of services differ. A kind without an entry does not compile. */
type Kind = {
  /** Whether every path and method runs models: then policies exclude no path, and preflights are not exempt. */
  readonly runsOnEveryPath: boolean
  /** Whether it calls other services with its caller's credential. */
  readonly callsServices: boolean
  /** Whether KServe gives it paths: one with its namespace and name, and one per publisher. */
  readonly hasNamedPaths: boolean
}

const KINDS: Readonly<Record<ServiceKind, Kind>> = {
  InferenceGraph: { runsOnEveryPath: true, callsServices: true, hasNamedPaths: false },
  InferenceService: { runsOnEveryPath: false, callsServices: false, hasNamedPaths: false },
  LLMInferenceService: { runsOnEveryPath: false, callsServices: false, hasNamedPaths: true },
}

type OfKind = { readonly kind: ServiceKind }

export const runsOnEveryPath = ({ kind }: OfKind): boolean => KINDS[kind].runsOnEveryPath
export const callsServices = ({ kind }: OfKind): boolean => KINDS[kind].callsServices
export const hasNamedPaths = ({ kind }: OfKind): boolean => KINDS[kind].hasNamedPaths

export type ServiceId = `${ServiceKind}/${string}/${string}`

export type ServiceRef = {
  readonly kind: ServiceKind
  readonly namespace: string
  readonly name: string
}

/** A model, or a graph of models, that can be called. */
export type Service = ServiceRef & {
  readonly protection: Protection
  /** Why it is protected, unless a policy protects it; absent: it is not, or not known. */
  readonly protectedBy?: ProtectionCause
  /** Whether its owner opened it by annotation; no policy protects it then. */
  readonly optedOut?: boolean
  /** Whether its pods cannot be told apart from those of others, so that no check can protect it there. */
  readonly unguarded?: boolean
  /** Whether its protection is in shadow: to callers it is open. */
  readonly shadow?: boolean
  readonly routes: readonly Route[]
  /** The values of the model header that name this LLMInferenceService. */
  readonly models?: readonly string[]
  /** Whether KServe makes its routes, so that gateways route each of `models` to it. */
  readonly modelsRouted?: boolean
  /** Its routes by model header at the gateways of `attached`; absent: none is certain. */
  readonly modelRoutes?: ModelRoutes
  /** The names of the HTTPRoutes of its namespace that route to it; absent: KServe makes its routes, too. */
  readonly httpRoutes?: readonly string[]
  /** The routing group of this LLMInferenceService; absent: its routes lead only to itself. */
  readonly group?: RoutingGroup
  /** The hosts on which this LLMInferenceService answers by path or model header, according to its status. */
  readonly hosts?: readonly string[]
  /** Those of `hosts` that its route names: no any-host route receives their requests. */
  readonly hostnames?: readonly string[]
  /** The gateways that may have the routes of an LLMInferenceService; absent: not known. */
  readonly gateways?: readonly GatewayName[] | undefined
  /** The gateways that certainly have them, because its status shows it; absent: none. */
  readonly attached?: readonly GatewayName[]
}

/** Routes by model header that gateways certainly have, because a status shows them. */
export type ModelRoutes = {
  readonly models: ReadonlySet<string>
  /** Whether one of them matches exactly the path `/v1/messages`, as since KServe 0.20. */
  readonly messages: boolean
}

/**
 * The routes of a member lead to all `routed` members in its namespace. Only the path that is named after it
 * leads to the member alone.
 */
export type RoutingGroup = {
  readonly name: string
  readonly routed: boolean
}

/**
 * `open`: everybody may call. `protected`: callers with a credential and permission. `lost`: its declaration
 * can no longer be read; it keeps its routes and denies everybody.
 */
export type Protection = 'open' | 'protected' | 'lost'

/**
 * What protects a service without a policy: its annotation or label, the default of its kind, or the installation,
 * which does not let its annotation open it.
 */
export type ProtectionCause = 'annotation' | 'label' | 'old annotation' | 'default' | 'installation'

/** A host and path at which a service answers. */
export type Route = {
  /** Lower-case, without port and trailing dot; `undefined`: any host. */
  readonly host: string | undefined
  /** Canonical, without trailing slash; `''`: the whole host. */
  readonly pathPrefix: string
  readonly basis: RouteBasis
  /** Headers, in lower case, that must all have these values; absent: none. */
  readonly headers?: readonly (readonly [name: string, value: string])[]
  /** The gateways that may have this route; absent: the service's. */
  readonly gateways?: readonly GatewayName[] | undefined
  /** The gateways that certainly have a route of exactly this host, because a status shows it; absent: none. */
  readonly attached?: readonly GatewayName[]
  /** Whether it is an LLMInferenceService's own route, which matches this path on any host. */
  readonly own?: boolean
  /**
   * Further conditions of the route. `pattern`: a regular expression of the path, which some gateways prefer
   * to longer prefixes. `conditions`: a method, a query, an exact path, a pattern of a header. `unread`: not
   * known. Absent: none.
   */
  readonly by?: 'pattern' | 'conditions' | 'unread'
  /** The common ending of all paths that match the pattern; absent: not known. */
  readonly ending?: string
}

/**
 * Why a service has a route. `name`: its cluster name, which a gateway routes. `unrouted-name`: a cluster
 * name that no gateway routes. `installation`: the configuration of KServe or of this program, or a host of
 * its status that is named after it. `published`: its status or its own routes, which its owner can
 * influence. `shared`: it receives the requests for a shared host that no other service has; which ones is
 * not known here.
 */
export type RouteBasis = 'name' | 'unrouted-name' | 'installation' | 'published' | 'shared'

/** Whether a gateway may route to a service by a route of this basis. */
export const ROUTED: Readonly<Record<RouteBasis, boolean>> = {
  name: true,
  'unrouted-name': false,
  installation: true,
  published: true,
  shared: true,
}

/** Whether a route of this basis can allow a request; otherwise it can only deny. */
export const PASSES: Readonly<Record<RouteBasis, boolean>> = {
  name: true,
  'unrouted-name': false,
  installation: true,
  published: true,
  shared: false,
}

/**
 * Whether a route of this basis makes its service the owner of the host: no tenant can create one for another
 * tenant's host.
 */
export const OWNED: Readonly<Record<RouteBasis, boolean>> = {
  name: true,
  'unrouted-name': true,
  installation: true,
  published: false,
  shared: false,
}

export const idOf = ({ kind, namespace, name }: ServiceRef): ServiceId =>
  `${kind}/${namespace}/${name}`

/** The RBAC resource of a kind, in the group `serving.kserve.io`. */
export const resourceOf = (kind: ServiceKind): string => `${kind.toLowerCase()}s`
