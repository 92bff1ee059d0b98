// The routes of an InferenceService or InferenceGraph.

import type { Route } from '../access/service.ts'
import { declaredRoutes, raiseDeclaredElsewhere } from './declared-routes.ts'
import { answersAtClusterNames } from './deployment-mode.ts'
import { gatewaysOfNamed } from './gateways.ts'
import { routedHosts } from './ingress-routes.ts'
import type { KubernetesObject } from './object.ts'
import type { Raise } from './problem.ts'
import type { ReadSettings } from './read-settings.ts'
import { boundedRoutes, canonicalRoute, clusterRoutes, hostRoute, readUrl } from './routes.ts'
import { statusUrls } from './status-urls.ts'

/**
 * The routes of an InferenceService or InferenceGraph: the cluster names of its Kubernetes Services,
 * `configured` ones, and every URL in its status. Gateways route cluster names in Knative mode only:
 * HTTPRoutes of KServe do not have such hosts.
 */
export function namedServiceRoutes(
  object: KubernetesObject,
  services: readonly string[],
  configured: readonly Route[],
  settings: ReadSettings,
  raise: Raise,
): readonly Route[] {
  const { namespace, content } = object
  const basis = answersAtClusterNames(object, settings) ? 'name' : 'unrouted-name'
  const { hosts, clusterNames } = gatewaysOfNamed(object, settings)
  const inCluster = (service: string) =>
    clusterRoutes(service, namespace, basis).map((route) => ({
      ...route,
      attached: [],
      // For the whole InferenceService KServe routes the full name only; before 0.14 it had the short ones, too.
      gateways:
        clusterNames.gateways !== undefined &&
        object.kind === 'InferenceService' &&
        service === object.name &&
        route.host?.endsWith('.svc.cluster.local') !== true
          ? []
          : clusterNames.gateways,
    }))
  const published = statusUrls(content).flatMap((each) => {
    const url = readUrl(each, raise)
    if (url === undefined) return []
    const [, service, itsNamespace] = CLUSTER_NAME.exec(url.host) ?? []
    if (service === undefined) {
      const named = services.some((each) => isNamedAfter(url.host, each, namespace))
      return canonicalRoute(url.host, url.path, named ? 'installation' : 'published') ?? []
    }
    if (itsNamespace === namespace) return inCluster(service)
    return hostRoute(url.host, basis === 'name' ? 'published' : basis)
  })
  const routed = routedHosts(
    object,
    published.flatMap(({ host }) => host ?? []),
    settings,
  )
  raiseDeclaredElsewhere(
    object,
    [...services.flatMap(inCluster), ...configured, ...published],
    settings,
    raise,
  )
  return boundedRoutes(
    [
      ...services.flatMap(inCluster),
      ...declaredRoutes(object, settings),
      ...[...configured, ...published].map((route) =>
        'attached' in route
          ? route
          : {
              ...route,
              gateways: hosts.gateways,
              attached: routed.has(route.host) ? hosts.attached : [],
            },
      ),
    ],
    raise,
  )
}

const CLUSTER_NAME = /^([^.]+)\.([^.]+)\.svc(?:\.|$)/

/** Whether a host starts with KServe's or Knative's default name: no other namespace can have it. */
const isNamedAfter = (host: string, service: string, namespace: string): boolean =>
  host.startsWith(`${service}-${namespace}.`) || host.startsWith(`${service}.${namespace}.`)
