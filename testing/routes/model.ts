// The world of the oracle. Nothing here or beside it imports src/: what a route means is told once more.

export type Flavour = 'istio' | 'envoy-gateway'

export type Gateway = {
  /** Of its listener in Envoy. */
  readonly id: string
  readonly api: 'gateway-api' | 'istio'
  readonly namespace: string
  readonly name: string
  /** As `status.addresses[].value`: an IP address or a host name. */
  readonly address: string
  /** The hostnames of its listeners; `*` where a listener has none. */
  readonly hostnames: readonly string[]
  /** Its pod's own address, at which it listens. */
  readonly listen: string
  /** Whether the service can know that it asks: by the labels of its pod, or by the configuration. */
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

/** As in the Gateway API. `Plain` is the prefix of a VirtualService, which ends anywhere. */
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

/** What makes a route hard to know. */
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
  /** None: all that the listeners have. */
  readonly hostnames: readonly string[]
  readonly matches: readonly Match[]
  /** More than one: each gets its part of the requests. */
  readonly backends: readonly Backend[]
  readonly traits: readonly Trait[]
}

export type HeaderLine = readonly [name: string, value: string]

/** A request as the documentation of KServe has it: with the right key it must come through. */
export type Good = {
  readonly kind: string
  readonly gateway: string
  readonly host: string
  readonly path: string
  readonly method: string
  readonly headers: readonly HeaderLine[]
  /** Each may be reached. */
  readonly backends: readonly Backend[]
  /** What it says of the model, where it does. */
  readonly name?: string
}

/** What one object of KServe brings into the world. */
export type Part = {
  readonly backends: readonly Backend[]
  readonly objects: readonly object[]
  readonly routes: readonly Route[]
  readonly goods: readonly Good[]
  /** Hosts that a status or KServe's configuration gives it. */
  readonly hosts: readonly string[]
  /** Shared hosts of which an own route takes whatever comes. */
  readonly wholeHosts?: readonly string[]
  /** `publishers/<namespace>/models/<model>`. */
  readonly names: readonly string[]
}

/** Of ConfigMap `inferenceservice-config`, and what is the same for all objects of a world. */
export type Settings = {
  readonly domain: string
  readonly additionalDomains: readonly string[]
  readonly domainTemplate: string
  readonly pathTemplate: string | undefined
  readonly modelHeader: string
  readonly loraStrategy: 'exact' | 'regex'
  readonly modes: readonly ['Standard' | 'Knative', ...('Standard' | 'Knative')[]]
  /** Whether a status has all URLs of an LLM, or the first alone. */
  readonly fullStatus: boolean
}

export type World = Settings & {
  readonly seed: number
  readonly flavour: Flavour
  /** Whether Envoy hands headers over one by one (`encode_raw_headers`). */
  readonly rawHeaders: boolean
  readonly gateways: readonly Gateway[]
  readonly tenants: readonly Tenant[]
  readonly backends: readonly Backend[]
  readonly routes: readonly Route[]
  readonly goods: readonly Good[]
  readonly objects: readonly object[]
  readonly hosts: ReadonlySet<string>
  /** Hosts and names that more than one service is given. */
  readonly contested: ReadonlySet<string>
}

export const filled = (template: string, values: Readonly<Record<string, string>>): string =>
  template.replaceAll(/\{\{ \.(\w+) \}\}/g, (_whole, name: string) => values[name] ?? '')

export const PREFIX = (value: string): Match => ({ path: { type: 'PathPrefix', value } })
export const EXACT = (value: string): Match => ({ path: { type: 'Exact', value } })
