// Keeps what decides whether a proxy asks about a service: its pods, its routes, and the policies at them.

import { isDeepStrictEqual } from 'node:util'
import {
  idOf,
  SERVICE_KINDS,
  type Service,
  type ServiceId,
  type ServiceRef,
} from '../../access/service.ts'
import { createTable, type Table } from '../../common/table.ts'
import {
  type CustomPolicy,
  DEFAULT_ROOT_NAMESPACE,
  isOurs,
  readCustomPolicy,
} from '../../resources/authorization-policy.ts'
import type { Guarded, GuardedPod, GuardPolicies } from '../../resources/guard.ts'
import {
  type Fields,
  isSubdomainName,
  type KubernetesObject,
  readObject,
  textAt,
} from '../../resources/object.ts'
import { type OwnedRoute, readOwnedRoute } from '../../resources/owned-route.ts'
import { hasSidecar, servesClients } from '../../resources/pod.ts'
import { readSecurityPolicy, type SecurityPolicy } from '../../resources/security-policy.ts'
import { servicesOfPod } from '../../resources/service-pods.ts'
import type { Handler } from '../watch/store.ts'
import type { WatchedKind } from '../watch/watched-kinds.ts'
import { namespaceOf } from './namespace-turns.ts'

/** Whether a kind of policies has been read; `absent`: the cluster does not have it. */
export type PoliciesRead = 'yes' | 'no' | 'absent'

type GuardFactsParts = {
  readonly read: (kind: 'AuthorizationPolicy' | 'SecurityPolicy') => PoliciesRead
}

export type GuardFacts = {
  /** What decides whether a proxy asks about a service. */
  readonly about: (service: Service) => readonly [Guarded, GuardPolicies]
  /** The namespaces that have services. */
  readonly namespaces: () => Iterable<string>
  /** The object of a service, for an event. */
  readonly objectOf: (service: ServiceRef) => Fields
  /** Writes the objects of a collection; `undefined`: its kind does not count. `changed`: called with a namespace; none: all. */
  readonly handlerOf: (collection: WatchedKind, changed: Changed) => Handler | undefined
}

type HeldPod = GuardedPod & { readonly services: readonly ServiceId[] }

type Changed = (namespace?: string) => void

const ROOT = DEFAULT_ROOT_NAMESPACE
/** A key of policies that name a Gateway. */
const AT_GATEWAYS = '*'

/** The facts, written by the handlers of the watches. */
export function createGuardFacts({ read }: GuardFactsParts): GuardFacts {
  const pods = createTable<HeldPod>(({ services }) => services)
  const routes = createTable<OwnedRoute>(({ owners }) => owners)
  const custom = createTable<CustomPolicy>(({ namespace, targets }) =>
    targets.size === 0 ? [namespace] : [namespace, AT_GATEWAYS],
  )
  const security = createTable<SecurityPolicy>(({ namespace }) => [namespace, AT_GATEWAYS])
  const services = createServiceObjects()

  /** Policies of other namespaces count if the mesh may have another root namespace. */
  function customIn(namespaces: readonly string[]): readonly CustomPolicy[] {
    if (!custom.find(ROOT).some(isOurs)) return Array.from(custom.values())
    return [...new Set([ROOT, AT_GATEWAYS, ...namespaces].flatMap(custom.find))]
  }
  const readPod = (pod: KubernetesObject): HeldPod | undefined => {
    const named = servicesOfPod(pod).map(({ service }) => idOf(service))
    if (named.length === 0 || !servesClients(pod)) return undefined
    const { namespace, name } = pod
    // Pods of one service have mostly the same labels.
    const labels = pods.find(named[0] ?? '')[0]?.labels
    return {
      namespace,
      name,
      labels: isDeepStrictEqual(labels, pod.labels) ? (labels ?? pod.labels) : pod.labels,
      sidecar: hasSidecar(pod),
      services: named,
    }
  }
  const readRoute = (object: KubernetesObject): OwnedRoute | undefined => {
    const route = readOwnedRoute(object)
    return route.owners.length === 0 ? undefined : route
  }

  /** Those that may select pods of a namespace, or Gateways of these routes; without routes, any Gateway. */
  function policiesFor(namespace: string, ofService: readonly OwnedRoute[]): GuardPolicies {
    const [ofIstio, ofGateway] = [read('AuthorizationPolicy'), read('SecurityPolicy')]
    const gateways = ofService.flatMap((route) => route.gateways.map(namespaceOf))
    const places = [...new Set([namespace, ...gateways])]
    const securityIn = gateways.length === 0 ? [AT_GATEWAYS] : places
    return {
      custom: ofIstio === 'no' ? undefined : customIn(places),
      security: ofGateway === 'no' ? undefined : securityIn.flatMap(security.find),
      neither: ofIstio === 'absent' && ofGateway === 'absent',
    }
  }

  return {
    about: (service) => {
      const id = idOf(service)
      const ofService = routes.find(id)
      return [
        { shared: service.unguarded === true, pods: pods.find(id), routes: ofService },
        policiesFor(service.namespace, ofService),
      ]
    },
    namespaces: services.namespaces,
    objectOf: services.objectOf,
    handlerOf: (collection, changed) => {
      const { kind } = collection
      const inPlace = (key: string) => changed(namespaceOf(key))
      const everywhere = () => changed()
      switch (kind) {
        case 'Pod':
          return keepIn(pods, collection, readPod, inPlace)
        case 'HTTPRoute':
        case 'GRPCRoute':
          return keepIn(routes, collection, readRoute, inPlace)
        case 'AuthorizationPolicy':
          return keepIn(custom, collection, readCustomPolicy, everywhere)
        case 'SecurityPolicy':
          return keepIn(security, collection, readSecurityPolicy, everywhere)
        case 'AccessPolicy':
          return { put: ({ key }) => inPlace(key), remove: inPlace }
        default:
          return SERVICE_KINDS.some((each) => each === kind)
            ? services.handlerOf(collection, inPlace)
            : undefined
      }
    },
  }
}

const SHAPE = { namespaced: true, isName: isSubdomainName }

/** Keeps what `readOf` reads, and calls `changed` if that changes. */
function keepIn<T>(
  table: Pick<Table<T>, 'put' | 'remove' | 'get'>,
  { kind, paths, query }: WatchedKind,
  readOf: (object: KubernetesObject) => T | undefined,
  changed: (key: string) => void,
): Handler {
  const place = `${paths[0]} ${Object.values(query).join()}`
  const remove = (key: string) => {
    const id = `${place} ${key}`
    if (table.get(id) === undefined) return
    table.remove(id)
    changed(key)
  }
  return {
    put: ({ key, content }) => {
      const object = readObject(kind, content, SHAPE)
      const value = typeof object === 'string' ? undefined : readOf(object)
      if (value === undefined) return remove(key)
      const id = `${place} ${key}`
      if (isDeepStrictEqual(table.get(id), value)) return
      table.put(id, value)
      changed(key)
    },
    remove,
  }
}

/** The API version and UID of each service. */
function createServiceObjects() {
  const known = new Map<string, Map<string, Fields>>()
  return {
    namespaces: () => known.keys(),
    objectOf: ({ kind, namespace, name }: ServiceRef): Fields => {
      const { apiVersion, uid } = known.get(namespace)?.get(`${kind} ${namespace}/${name}`) ?? {}
      return { apiVersion, kind, metadata: { namespace, name, uid } }
    },
    handlerOf: ({ kind, apiVersion }: WatchedKind, changed: (key: string) => void): Handler => ({
      put: ({ key, content }) => {
        const there = known.get(namespaceOf(key)) ?? new Map<string, Fields>()
        known.set(namespaceOf(key), there)
        there.set(`${kind} ${key}`, { apiVersion, uid: textAt(content, 'metadata', 'uid') })
        changed(key)
      },
      remove: (key) => {
        const there = known.get(namespaceOf(key))
        there?.delete(`${kind} ${key}`)
        if (there?.size === 0) known.delete(namespaceOf(key))
        changed(key)
      },
    }),
  }
}
