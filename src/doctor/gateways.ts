// Examines the Gateways of protected services, and the SecurityPolicies at them and at their routes.

import type { ServiceId } from '../access/service.ts'
import { maySelectGateway } from '../resources/authorization-policy.ts'
import {
  displayNameOf,
  type KubernetesObject,
  listAt,
  textAt,
  valueAt,
} from '../resources/object.ts'
import { type OwnedRoute, readOwnedRoute } from '../resources/owned-route.ts'
import { isAt, readSecurityPolicy, type SecurityPolicy } from '../resources/security-policy.ts'
import type { DoctorFinding } from './finding.ts'
import { type Objects, ownObjects } from './objects.ts'
import type { Cluster } from './pods.ts'
import { whenForbidden, whenOpen, whenSlow } from './providers.ts'

type RoutedCluster = Cluster & {
  readonly services: ReadonlySet<ServiceId>
  /** The services with a pod that only a gateway can guard. */
  readonly unguarded: ReadonlySet<ServiceId>
}

/** Examines all Gateways that have routes of protected services. */
export function inspectGateways(cluster: RoutedCluster): readonly DoctorFinding[] {
  const { objects } = cluster
  const security = objects
    .of('SecurityPolicy')
    .map((object) => ({ object, policy: readSecurityPolicy(object) }))
  const own = security.filter((policy) => isOwn(policy, objects))
  const routes = routesOf(cluster)
  const gateways = objects
    .of('Gateway')
    .filter((gateway) => routes.some((route) => hasParent(route, gateway)))
  return [
    ...own.flatMap(inspectOwn),
    ...gateways.flatMap((gateway) => inspectGateway(gateway, routes, own, cluster)),
    ...security
      .filter((policy) => !own.includes(policy))
      .flatMap((policy) => inspectForeign(policy, { routes, gateways, own })),
  ]
}

/** A policy, and its object. */
type Found = { readonly object: KubernetesObject; readonly policy: SecurityPolicy }

/** The routes that KServe's controllers made for protected services. */
const routesOf = ({ objects: { of }, services }: RoutedCluster): readonly OwnedRoute[] =>
  [...of('HTTPRoute'), ...of('GRPCRoute')]
    .map(readOwnedRoute)
    .filter(({ owners }) => owners.some((owner) => services.has(owner)))

const hasParent = (
  { gateways }: OwnedRoute,
  { namespace, name }: Pick<KubernetesObject, 'namespace' | 'name'>,
): boolean => gateways.includes(`${namespace}/${name}`)

/** Whether its check leads to this service. */
const isOwn = ({ policy }: Found, objects: Objects): boolean =>
  ownObjects(objects, 'Service').some(({ namespace, name }) =>
    policy.asks.some((asked) => asked.name === name && asked.namespace === namespace),
  )

function inspectOwn({ object: found }: Found): readonly DoctorFinding[] {
  const { content } = found
  const object = displayNameOf(found)
  const extAuth = valueAt(content, 'spec', 'extAuth')
  const change = (text: string) => `Set ${text} in spec.extAuth of ${object}.`
  const refused = listAt(content, 'status', 'ancestors')
    .flatMap((ancestor) => listAt(ancestor, 'conditions'))
    .find(
      (condition) =>
        textAt(condition, 'type') === 'Accepted' && textAt(condition, 'status') === 'False',
    )
  return [
    ...whenOpen(valueAt(extAuth, 'failOpen'), object, 'it', change),
    ...whenSlow(textAt(extAuth, 'timeout'), object, 'it', change),
    ...whenForbidden(valueAt(extAuth, 'statusOnError') === 503, object, {
      what: 'it',
      wanted: '503',
      change,
    }),
    ...(valueAt(extAuth, 'includeRouteMetadata') === true
      ? []
      : [
          {
            code: 'route-not-named',
            object,
            message: 'it does not set includeRouteMetadata',
            remedy: change('includeRouteMetadata: true'),
          } as const,
        ]),
    ...(refused === undefined
      ? []
      : [
          {
            code: 'policy-not-accepted',
            object,
            message: `it is not accepted: ${(textAt(refused, 'reason') ?? 'no reason').slice(0, 64)}`,
            remedy: `kubectl -n ${found.namespace} describe securitypolicy ${found.name}`,
          } as const,
        ]),
  ]
}

function inspectGateway(
  gateway: KubernetesObject,
  routes: readonly OwnedRoute[],
  own: readonly Found[],
  { policies, mesh, unguarded }: RoutedCluster,
): readonly DoctorFinding[] {
  const isGuarded =
    own.some(({ policy }) => isAt(policy, gateway)) ||
    policies.some(
      (policy) => policy.isOwn && maySelectGateway(policy, gateway, mesh?.rootNamespace),
    )
  if (isGuarded) return []
  const exposed = new Set(
    routes
      .filter((route) => hasParent(route, gateway))
      .filter((route) => !own.some(({ policy }) => isAt(policy, route)))
      .flatMap(({ owners }) => owners.filter((owner) => unguarded.has(owner))),
  )
  const [first] = exposed
  if (first === undefined) return []
  const others = exposed.size === 1 ? '' : ` and ${exposed.size - 1} more`
  return [
    {
      code: 'gateway-not-guarded',
      object: displayNameOf(gateway),
      message: `no policy of kserve-authz is at this Gateway, which routes to ${first}${others}`,
      remedy: 'kubectl apply -k envoy-gateway/gateway, or -k istio/gateways/kubernetes',
    },
  ]
}

/** A SecurityPolicy at a route replaces that of the Gateway, unless it names a merge type. */
function inspectForeign(
  { object, policy }: Found,
  {
    routes,
    gateways,
    own,
  }: {
    readonly routes: readonly OwnedRoute[]
    readonly gateways: readonly KubernetesObject[]
    readonly own: readonly Found[]
  },
): readonly DoctorFinding[] {
  if (policy.merged) return []
  const guarded = gateways.filter((gateway) => own.some((each) => isAt(each.policy, gateway)))
  const route = routes.find(
    (each) => isAt(policy, each) && guarded.some((gateway) => hasParent(each, gateway)),
  )
  if (route === undefined) return []
  return [
    {
      code: 'check-replaced',
      object: displayNameOf(object),
      message: `it replaces the check of the Gateway at ${displayNameOf(route)}`,
      remedy: `Set spec.mergeType: StrategicMerge in ${displayNameOf(object)}, and apply envoy-gateway/admission/.`,
    },
  ]
}
