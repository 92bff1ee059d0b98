import { createTable, type Table } from '../common/table.ts'
import type { ApiKey } from './api-key.ts'
import { type Asking, askingOf, type GatewayProxy } from './asking.ts'
import { createPolicyIndex, type PolicyIndex } from './policy-index.ts'
import { idOf, OWNED, ROUTED, type Route, type Service, type ServiceRef } from './service.ts'
import type { Workload } from './workload.ts'

export type Directory = PolicyIndex & {
  /** Any identity will do as long as the source that puts a value also removes it by the same. */
  readonly services: Pick<Table<Service>, 'put' | 'remove' | 'size' | 'values'>
  readonly workloads: Pick<Table<Workload>, 'put' | 'remove' | 'size'>
  /** The pods of gateways. */
  readonly proxies: Pick<Table<GatewayProxy>, 'put' | 'remove' | 'size'>
  readonly keys: Pick<Table<ApiKey>, 'put' | 'remove' | 'size'>
  /** More than one where sources disagree on what it is: then all must allow. */
  readonly servicesNamed: (ref: ServiceRef) => readonly Service[]
  readonly servicesIn: (namespace: string) => readonly Service[]
  /** The services that a gateway may reach by exactly this host and path. */
  readonly servicesRoutedBy: (address: Pick<Route, 'host' | 'pathPrefix'>) => readonly Service[]
  /** The services that have this whole host by name or by the installation's configuration. */
  readonly ownersOf: (host: string) => readonly Service[]
  /** The LLMInferenceServices with a route of this hostname, as their status shows. */
  readonly servicesWithHostname: (host: string) => readonly Service[]
  /** The LLMInferenceServices that a gateway may reach by this value of the model header. */
  readonly servicesOfModel: (name: string) => readonly Service[]
  /** Whether some service is routed, on any host, by a header alone: of this name, or of any. */
  readonly routesByHeader: (name?: string) => boolean
  /** The services that are routed, on any host, by this value of a header; its name in lower case. */
  readonly servicesByHeader: (name: string, value: string) => readonly Service[]
  /** Whether some service claims a path on any host that lies below this one, by its name or model. */
  readonly claimedBelow: (path: string) => boolean
  /** The services that claim such a path by a route of their own. */
  readonly ownersBelow: (path: string) => readonly Service[]
  /** The gateways whose pod has this address, as far as they are known. */
  readonly askingAt: (address: string) => Asking
  /** The names, in lower case, of the headers by which gateways choose a model. */
  readonly modelHeaders: ModelHeaders
  /** Whether some service claims only a part of this host's paths; `undefined`: of any host's. */
  readonly divides: (host: string | undefined) => boolean
  readonly workloadsAt: (address: string) => readonly Workload[]
  readonly workloadsOf: (ref: ServiceRef) => readonly Workload[]
  /** The keys of a namespace with this digest: one, unless Secrets repeat each other. */
  readonly keysWith: (namespace: string, digest: string) => readonly ApiKey[]
}

export type ModelHeaders = {
  readonly get: () => readonly string[]
  /** `undefined`: KServe's default. It stays one of them, since a change reaches gateways later. */
  readonly set: (name: string | undefined) => void
}

/** KServe's default of `modelBasedRoutingHeaderName`, in lower case. */
export const MODEL_HEADER = 'x-gateway-model-name'

function createModelHeaders(): ModelHeaders {
  let names: readonly string[] = [MODEL_HEADER]
  return {
    get: () => names,
    set: (name) => {
      names = name === undefined || name === MODEL_HEADER ? [MODEL_HEADER] : [MODEL_HEADER, name]
    },
  }
}

/** The services, workloads and keys known at this moment: written by a source, read by each request. */
export function createDirectory(): Directory {
  const services = createTable<Service>((service) => [
    ...new Set([
      `name ${idOf(service)}`,
      `in ${service.namespace}`,
      ...service.routes.flatMap(keysOfRoute),
      ...(service.models ?? []).map((name) => `model ${name}`),
      ...(service.hostnames ?? []).map((host) => `hostname ${host}`),
    ]),
  ])
  const workloads = createTable<Workload>(({ addresses, service }) => [
    ...addresses.map((address) => `address ${address}`),
    `service ${idOf(service)}`,
  ])
  const proxies = createTable<GatewayProxy>(({ addresses }) => addresses)
  const keys = createTable<ApiKey>(({ namespace, digest }) => [`${namespace} ${digest}`])

  return {
    ...createPolicyIndex(),
    services,
    workloads,
    proxies,
    keys,
    servicesNamed: (ref) => services.find(`name ${idOf(ref)}`),
    servicesIn: (namespace) => services.find(`in ${namespace}`),
    servicesRoutedBy: (address) => services.find(keyOfAddress(address)),
    ownersOf: (host) => services.find(`owner ${host}`),
    servicesWithHostname: (host) => services.find(`hostname ${host}`),
    servicesOfModel: (name) => services.find(`model ${name}`),
    routesByHeader: (name) => services.has(name === undefined ? 'header' : `header ${name}`),
    servicesByHeader: (name, value) => services.find(`header ${name}: ${value}`),
    claimedBelow: (path) => services.has(`below ${path}`),
    ownersBelow: (path) => services.find(`own below ${path}`),
    askingAt: (address) => askingOf(proxies.find(address)),
    modelHeaders: createModelHeaders(),
    divides: (host) => services.has(`divided ${host ?? '*'}`),
    workloadsAt: (address) => workloads.find(`address ${address}`),
    workloadsOf: (ref) => workloads.find(`service ${idOf(ref)}`),
    keysWith: (namespace, digest) => keys.find(`${namespace} ${digest}`),
  }
}

const keyOfAddress = ({ host, pathPrefix }: Pick<Route, 'host' | 'pathPrefix'>) =>
  `claim ${host ?? '*'} ${pathPrefix}`

function keysOfRoute(route: Route): readonly string[] {
  const { host, pathPrefix, basis, headers: [condition] = [] } = route
  if (host === undefined && pathPrefix === '') {
    if (condition === undefined) return [keyOfAddress(route)]
    const [name, value] = condition
    return ['header', `header ${name}`, `header ${name}: ${value}`]
  }
  const whole = host !== undefined && pathPrefix === ''
  return [
    ...(whole && OWNED[basis] ? [`owner ${host}`] : []),
    ...(ROUTED[basis] ? [keyOfAddress(route)] : []),
    ...(ROUTED[basis] && pathPrefix !== '' ? [`divided ${host ?? '*'}`] : []),
    ...(ROUTED[basis] && host === undefined ? ancestorsOf(pathPrefix, route.own) : []),
  ]
}

/** Of `/a/b/c`: what lies above it, `''`, `/a` and `/a/b`. */
const ancestorsOf = (path: string, own = false): readonly string[] =>
  Array.from(
    path.matchAll(/\//g),
    ({ index }) => `${own ? 'own below' : 'below'} ${path.slice(0, index)}`,
  )
