// The world of the oracle. Nothing in this folder imports src/: the meaning of routes is implemented independently.

export type Flavour = 'istio' | 'envoy-gateway'

export type Gateway = {
  /** The port of its listener in Envoy. */
  readonly id: string
  readonly api: 'gateway-api' | 'istio'
  readonly namespace: string
  readonly name: string
  /** As `status.addresses[].value`: an IP address or a host name. */
  readonly address: string
  /** The hostnames of its listeners; `*` if a listener has none. */
  readonly hostnames: readonly string[]
  /** The address of its pod, on which it listens. */
  readonly listen: string
  /** Whether the service can identify it: by the labels of its pod, or by the configuration. */
  readonly isKnown: boolean
}

type ServiceKind = 'InferenceService' | 'InferenceGraph' | 'LLMInferenceService'

export type Backend = {
  readonly id: string
  readonly kind: ServiceKind
  readonly namespace: string
  readonly name: string
  readonly open: boolean
}

export type Tenant = { readonly namespace: string; readonly key: string }

type HeaderMatch = {
  readonly name: string
  readonly type: 'Exact' | 'RegularExpression'
  readonly value: string
}

/** As in the Gateway API. `Plain` is the prefix of a VirtualService, which may end within a segment. */
export type Match = {
  readonly path: {
    readonly type: 'Exact' | 'PathPrefix' | 'RegularExpression' | 'Plain'
    readonly value: string
  }
  readonly method?: string
  readonly headers?: readonly HeaderMatch[]
  readonly query?: readonly { readonly name: string; readonly value: string }[]
}

export type RouteKind =
  | 'host of an InferenceService'
  | 'path template'
  | 'host of Knative'
  | 'host of a graph'
  | 'path of an LLM'
  | "publisher's path"
  | 'model header'
  | 'own route'
  | 'route by reference'
  | 'DomainMapping'
  | 'own VirtualService'
  | 'own HTTPRoute'

/** What makes a route hard to identify. */
export type Trait =
  | 'adapter'
  | 'baseRef'
  | 'group'
  | 'hostile host'
  | 'hostile path'
  | 'no hostnames'

/** One rule of an HTTPRoute, or of a VirtualService. */
export type Route = {
  readonly kind: RouteKind
  readonly source: 'HTTPRoute' | 'VirtualService'
  readonly gateways: readonly string[]
  /** None: all hostnames of the listeners. */
  readonly hostnames: readonly string[]
  readonly matches: readonly Match[]
  /** If there are several, each receives a share of the requests. */
  readonly backends: readonly Backend[]
  readonly traits: readonly Trait[]
}

export type HeaderLine = readonly [name: string, value: string]

/** A request as in KServe's documentation: with the right key it must be allowed. */
export type Good = {
  readonly kind: string
  readonly gateway: string
  readonly host: string
  readonly path: string
  readonly method: string
  readonly headers: readonly HeaderLine[]
  /** Each of them may be reached. */
  readonly backends: readonly Backend[]
  /** The model that it names, if any. */
  readonly name?: string
}

/** The contribution of one KServe object to the world. */
export type Part = {
  readonly backends: readonly Backend[]
  readonly objects: readonly object[]
  readonly routes: readonly Route[]
  readonly goods: readonly Good[]
  /** Hosts from a status or KServe's configuration. */
  readonly hosts: readonly string[]
  /** Shared hosts of which an own route takes all requests. */
  readonly wholeHosts?: readonly string[]
  /** `publishers/<namespace>/models/<model>`. */
  readonly names: readonly string[]
}

/** The ConfigMap `inferenceservice-config`, and other values shared by all objects of a world. */
export type Settings = {
  readonly domain: string
  readonly additionalDomains: readonly string[]
  readonly domainTemplate: string
  readonly pathTemplate: string | undefined
  readonly modelHeader: string
  readonly loraStrategy: 'exact' | 'regex'
  readonly modes: readonly ['Standard' | 'Knative', ...('Standard' | 'Knative')[]]
  /** Whether a status has all URLs of an LLM's own route, or only the first. KServe's own routes always have theirs. */
  readonly fullStatus: boolean
}

export type World = Settings & {
  readonly seed: number
  readonly flavour: Flavour
  /** Whether Envoy passes on headers separately (`encode_raw_headers`). */
  readonly rawHeaders: boolean
  readonly gateways: readonly Gateway[]
  readonly tenants: readonly Tenant[]
  readonly backends: readonly Backend[]
  readonly routes: readonly Route[]
  readonly goods: readonly Good[]
  readonly objects: readonly object[]
  readonly hosts: ReadonlySet<string>
  /** Hosts and names shared by several services. */
  readonly contested: ReadonlySet<string>
}

export const filled = (template: string, values: Readonly<Record<string, string>>): string =>
  template.replaceAll(/\{\{ \.(\w+) \}\}/g, (_whole, name: string) => values[name] ?? '')

export const PREFIX = (value: string): Match => ({ path: { type: 'PathPrefix', value } })
export const EXACT = (value: string): Match => ({ path: { type: 'Exact', value } })
