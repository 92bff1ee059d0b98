import type { GatewayName } from './asking.ts'

/** The KServe kinds that can be called, in the order in which claimants are judged. */
export const SERVICE_KINDS = ['InferenceGraph', 'InferenceService', 'LLMInferenceService'] as const
export type ServiceKind = (typeof SERVICE_KINDS)[number]

/** What a kind of service means where they are told apart. One that is not here does not compile. */
type Kind = {
  /** Whether any path and method runs models: then no policy excludes a path, and no preflight passes. */
  readonly runsOnEveryPath: boolean
  /** Whether it calls other services with the credential of its caller. */
  readonly callsServices: boolean
  /** Whether KServe gives it a path of its namespace and name, and one of each publisher. */
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

/** A model (or a graph of models) that can be called, as far as access to it is concerned. */
export type Service = ServiceRef & {
  readonly protection: Protection
  /** Whether its owner opened it by annotation: then no policy protects it. */
  readonly optedOut?: boolean
  /** Whether its protection is only tried: to callers it is open. */
  readonly shadow?: boolean
  readonly routes: readonly Route[]
  /** The values of the model header that name this LLMInferenceService. */
  readonly models?: readonly string[]
  /** Whether its routes are KServe's, so that gateways route each of `models` to it. */
  readonly modelsRouted?: boolean
  /** The hosts on which this LLMInferenceService answers by path or model header, as its status says. */
  readonly hosts?: readonly string[]
  /** Of those the ones that its route has by name: no route of any host takes requests of them. */
  readonly hostnames?: readonly string[]
  /** Of an LLMInferenceService, the gateways that may have its routes; absent: not known. */
  readonly gateways?: readonly GatewayName[] | undefined
  /** Those that surely have them, since its status shows it; absent: none. */
  readonly attached?: readonly GatewayName[]
}

/**
 * Who may call at all: `open` everybody, `protected` whoever shows a credential and is permitted.
 * `lost`: its declaration can no longer be read; it keeps its claims and refuses everybody.
 */
export type Protection = 'open' | 'protected' | 'lost'

/** An address at which a service answers. */
export type Route = {
  /** Lower-case, without port and trailing dot; `undefined`: any host. */
  readonly host: string | undefined
  /** Canonical, without trailing slash; `''`: the whole host. */
  readonly pathPrefix: string
  readonly basis: RouteBasis
  /** Headers, in lower case, of which each must have its value; absent: none. */
  readonly headers?: readonly (readonly [name: string, value: string])[]
  /** The gateways that may have this route; absent: those of the service. */
  readonly gateways?: readonly GatewayName[] | undefined
  /** Those that surely have a route of this very host, since a status shows it; absent: none. */
  readonly attached?: readonly GatewayName[]
  /** Whether it is a route of an LLMInferenceService's own, which takes this path on any host. */
  readonly own?: boolean
  /**
   * What else chooses the route. `pattern`: a regular expression of the path, which some gateways prefer to
   * longer paths; `conditions`: a method, a query, an exact path, a pattern of a header; `unread`: it is not
   * known what. Absent: nothing.
   */
  readonly by?: 'pattern' | 'conditions' | 'unread'
  /** What each path of the pattern ends with; absent: it is not known. */
  readonly ending?: string
}

/**
 * Why a service has an address. `name`: its name in the cluster, which a gateway routes. `unrouted-name`:
 * such a name, and no gateway routes it. `installation`: the configuration of KServe or of this service, or a
 * host of its status that is named after it. `published`: its status or its routes say so, which its owner
 * can influence. `shared`: it takes what no other service of a shared host does, which cannot be told here.
 */
export type RouteBasis = 'name' | 'unrouted-name' | 'installation' | 'published' | 'shared'

/** Whether a gateway may route to a service by a claim of this basis. */
export const ROUTED: Readonly<Record<RouteBasis, boolean>> = {
  name: true,
  'unrouted-name': false,
  installation: true,
  published: true,
  shared: true,
}

/** Whether a claim of this basis lets a request pass; one of any other can only refuse it. */
export const PASSES: Readonly<Record<RouteBasis, boolean>> = {
  name: true,
  'unrouted-name': false,
  installation: true,
  published: true,
  shared: false,
}

/** Whether a claim of this basis gives its service the host: no tenant can write another tenant's. */
export const OWNED: Readonly<Record<RouteBasis, boolean>> = {
  name: true,
  'unrouted-name': true,
  installation: true,
  published: false,
  shared: false,
}

export const idOf = ({ kind, namespace, name }: ServiceRef): ServiceId =>
  `${kind}/${namespace}/${name}`

/** The resource that RBAC knows a kind by, of the group `serving.kserve.io`. */
export const resourceOf = (kind: ServiceKind): string => `${kind.toLowerCase()}s`
