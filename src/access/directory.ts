// The index of everything in force: services, pods, gateways, API keys and policies.

import { createTable, type Table } from '../common/table.ts'
import type { ApiKey } from './api-key.ts'
import { type Asking, askingBeyond, askingOf, type GatewayProxy } from './asking.ts'
import { createPolicyIndex, type PolicyIndex } from './policy-index.ts'
import { createRouteVersions, type RouteVersions } from './route-versions.ts'
import { idOf, OWNED, ROUTED, type Route, type Service, type ServiceRef } from './service.ts'
import type { Workload } from './workload.ts'

export type Directory = PolicyIndex & {
  /** Values are stored under an id of the source's choice, and removed by the same id. */
  readonly services: Pick<Table<Service>, 'put' | 'remove' | 'get' | 'size' | 'values'>
  readonly workloads: Pick<Table<Workload>, 'put' | 'remove' | 'size'>
  /** The pods of gateways. */
  readonly proxies: Pick<Table<GatewayProxy>, 'put' | 'remove' | 'size'>
  readonly keys: Pick<Table<ApiKey>, 'put' | 'remove' | 'size' | 'values'>
  readonly routes: RouteVersions
  /** More than one if it is declared several times: then all must allow. */
  readonly servicesNamed: (ref: ServiceRef) => readonly Service[]
  readonly servicesIn: (namespace: string) => readonly Service[]
  /** The services with a route of exactly this host and path. */
  readonly servicesRoutedBy: (address: Pick<Route, 'host' | 'pathPrefix'>) => readonly Service[]
  /** The services that own this whole host, by name or by the installation's configuration. */
  readonly ownersOf: (host: string) => readonly Service[]
  /** The LLMInferenceServices with a route of this hostname, according to their status. */
  readonly servicesWithHostname: (host: string) => readonly Service[]
  /** The LLMInferenceServices with this value of the model header. */
  readonly servicesOfModel: (name: string) => readonly Service[]
  /** The LLMInferenceServices to which the routes of every member of a routing group lead. */
  readonly routedIn: (namespace: string, group: string) => readonly Service[]
  /** Whether a service is routed on any host by a header alone: by this one, or by any. */
  readonly routesByHeader: (name?: string) => boolean
  /** The services routed on any host by this header value; the name in lower case. */
  readonly servicesByHeader: (name: string, value: string) => readonly Service[]
  /** Whether a service has a route below this path on any host, by its name or model. */
  readonly routedBelow: (path: string) => boolean
  /** The services with such a route of their own. */
  readonly ownersBelow: (path: string) => readonly Service[]
  /** The gateways whose pod has this address, as far as known. */
  readonly askingAt: (address: string) => Asking
  /** The headers that select a model at gateways, in lower case. */
  readonly modelHeaders: ModelHeaders
  /** Whether a service has a route for a part of this host's paths; `undefined`: of any host's. */
  readonly divides: (host: string | undefined) => boolean
  readonly workloadsAt: (address: string) => readonly Workload[]
  readonly workloadsOf: (ref: ServiceRef) => readonly Workload[]
  /** The keys of a namespace with this digest; more than one if Secrets hold the same key. */
  readonly keysWith: (namespace: string, digest: string) => readonly ApiKey[]
}

export type ModelHeaders = {
  readonly get: () => readonly string[]
  /** `undefined`: KServe's default. The default always stays valid, because gateways apply a change later. */
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

/**
 * The services, workloads, keys, policies and routes in force: written by a source, read for each request.
 * `now`: milliseconds of a monotonic clock.
 */
export function createDirectory(now: () => number = () => 0): Directory {
  // Joining texts takes longer than a look-up, so the keys that each check needs have no prefix. They contain no space; all
  // others begin with a word and a space.
  const services = createTable<Service>((service) => [
    ...new Set([
      idOf(service),
      `in ${service.namespace}`,
      ...service.routes.flatMap(keysOfRoute),
      ...(service.models ?? []).map((name) => `model ${name}`),
      ...(service.hostnames ?? []).map((host) => `hostname ${host}`),
      ...(service.group?.routed === true
        ? [`group ${service.namespace}/${service.group.name}`]
        : []),
    ]),
  ])
  const workloads = createTable<Workload>(({ addresses, service }) => [...addresses, idOf(service)])
  const proxies = createTable<GatewayProxy>(({ addresses }) => [...addresses, ANY_ADDRESS])
  const keys = createTable<ApiKey>(({ digest }) => [digest])

  return {
    ...createPolicyIndex(),
    services,
    workloads,
    proxies,
    keys,
    routes: createRouteVersions(now),
    servicesNamed: (ref) => services.find(idOf(ref)),
    servicesIn: (namespace) => services.find(`in ${namespace}`),
    servicesRoutedBy: (address) => services.find(keyOfAddress(address)),
    ownersOf: (host) => services.find(`owner ${host}`),
    servicesWithHostname: (host) => services.find(`hostname ${host}`),
    servicesOfModel: (name) => services.find(`model ${name}`),
    routedIn: (namespace, group) => services.find(`group ${namespace}/${group}`),
    routesByHeader: (name) => services.has(name === undefined ? 'header' : `header ${name}`),
    servicesByHeader: (name, value) => services.find(`header ${name}: ${value}`),
    routedBelow: (path) => services.has(`below ${path}`),
    ownersBelow: (path) => services.find(`own below ${path}`),
    askingAt: (address) =>
      proxies.has(address)
        ? askingOf(proxies.find(address))
        : askingBeyond(proxies.find(ANY_ADDRESS)),
    modelHeaders: createModelHeaders(),
    divides: (host) => services.has(`divided ${host ?? '*'}`),
    workloadsAt: (address) => workloads.find(address),
    workloadsOf: (ref) => workloads.find(idOf(ref)),
    keysWith: (namespace, digest) => inNamespace(keys.findOnce(digest), namespace),
  }
}

/** Usually the list itself: the same key is seldom in several namespaces. */
const inNamespace = (keys: readonly ApiKey[], namespace: string): readonly ApiKey[] =>
  keys.every((key) => key.namespace === namespace)
    ? keys
    : keys.filter((key) => key.namespace === namespace)

const ANY_ADDRESS = '*'

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

/** The parents of `/a/b/c`: `''`, `/a` and `/a/b`. */
const ancestorsOf = (path: string, own = false): readonly string[] =>
  Array.from(
    path.matchAll(/\//g),
    ({ index }) => `${own ? 'own below' : 'below'} ${path.slice(0, index)}`,
  )
