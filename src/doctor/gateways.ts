// Examines the Gateways of protected services, and the SecurityPolicies at them and at their routes.

import { idOf, SERVICE_KINDS, type ServiceId } from '../access/service.ts'
import {
  displayNameOf,
  type KubernetesObject,
  listAt,
  textAt,
  textMapAt,
  valueAt,
} from '../resources/object.ts'
import type { DoctorFinding } from './finding.ts'
import { maySelectGateway } from './istio-policies.ts'
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
  const security = objects.of('SecurityPolicy')
  const own = security.filter((policy) => isOwn(policy, objects))
  const routes = routesOf(cluster)
  const gateways = objects
    .of('Gateway')
    .filter((gateway) => routes.some((route) => hasParent(route.object, gateway)))
  return [
    ...own.flatMap(inspectOwn),
    ...gateways.flatMap((gateway) => inspectGateway(gateway, routes, own, cluster)),
    ...security
      .filter((policy) => !own.includes(policy))
      .flatMap((policy) => inspectForeign(policy, { routes, gateways, own })),
  ]
}

type ServiceRoute = { readonly object: KubernetesObject; readonly service: ServiceId }

/** The routes that KServe's controllers made for protected services. */
function routesOf({ objects: { of }, services }: RoutedCluster): readonly ServiceRoute[] {
  return [...of('HTTPRoute'), ...of('GRPCRoute')].flatMap((object) =>
    listAt(object.content, 'metadata', 'ownerReferences').flatMap((owner) => {
      const kind = SERVICE_KINDS.find((each) => each === textAt(owner, 'kind'))
      if (kind === undefined) return []
      const service = idOf({
        kind,
        namespace: object.namespace,
        name: textAt(owner, 'name') ?? '',
      })
      return services.has(service) ? [{ object, service }] : []
    }),
  )
}

const hasParent = ({ content, namespace }: KubernetesObject, gateway: KubernetesObject): boolean =>
  listAt(content, 'spec', 'parentRefs').some(
    (ref) =>
      (textAt(ref, 'kind') ?? 'Gateway') === 'Gateway' &&
      textAt(ref, 'name') === gateway.name &&
      (textAt(ref, 'namespace') ?? namespace) === gateway.namespace,
  )

/** Whether its check leads to this service. */
function isOwn({ namespace, content }: KubernetesObject, objects: Objects): boolean {
  const grpc = valueAt(content, 'spec', 'extAuth', 'grpc')
  const refs = [valueAt(grpc, 'backendRef'), ...listAt(grpc, 'backendRefs')]
  return ownObjects(objects, 'Service').some((service) =>
    refs.some(
      (ref) =>
        textAt(ref, 'name') === service.name &&
        (textAt(ref, 'namespace') ?? namespace) === service.namespace,
    ),
  )
}

function inspectOwn(policy: KubernetesObject): readonly DoctorFinding[] {
  const { content } = policy
  const object = displayNameOf(policy)
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
            remedy: `kubectl -n ${policy.namespace} describe securitypolicy ${policy.name}`,
          } as const,
        ]),
  ]
}

function inspectGateway(
  gateway: KubernetesObject,
  routes: readonly ServiceRoute[],
  own: readonly KubernetesObject[],
  { policies, mesh, unguarded }: RoutedCluster,
): readonly DoctorFinding[] {
  const isGuarded =
    own.some((policy) => isAt(policy, gateway)) ||
    policies.some((policy) => policy.isOwn && maySelectGateway(policy, gateway, mesh))
  if (isGuarded) return []
  const exposed = new Set(
    routes
      .filter(({ object, service }) => unguarded.has(service) && hasParent(object, gateway))
      .map(({ service }) => service),
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

/** Whether a SecurityPolicy selects an object of its namespace, by name or by labels. */
function isAt(
  { namespace, content }: KubernetesObject,
  { kind, name, namespace: where, labels }: KubernetesObject,
): boolean {
  if (namespace !== where) return false
  const refs = [valueAt(content, 'spec', 'targetRef'), ...listAt(content, 'spec', 'targetRefs')]
  if (refs.some((ref) => textAt(ref, 'kind') === kind && textAt(ref, 'name') === name)) return true
  return listAt(content, 'spec', 'targetSelectors').some((selector) => {
    const wanted = textMapAt(selector, 'matchLabels')
    if (textAt(selector, 'kind') !== kind || wanted === undefined) return false
    return [...wanted].every(([label, value]) => labels.get(label) === value)
  })
}

/** A SecurityPolicy at a route replaces that of the Gateway, unless it names a merge type. */
function inspectForeign(
  policy: KubernetesObject,
  {
    routes,
    gateways,
    own,
  }: {
    readonly routes: readonly ServiceRoute[]
    readonly gateways: readonly KubernetesObject[]
    readonly own: readonly KubernetesObject[]
  },
): readonly DoctorFinding[] {
  if (valueAt(policy.content, 'spec', 'mergeType') !== undefined) return []
  const guarded = gateways.filter((gateway) => own.some((each) => isAt(each, gateway)))
  const route = routes.find(
    ({ object }) => isAt(policy, object) && guarded.some((gateway) => hasParent(object, gateway)),
  )
  if (route === undefined) return []
  return [
    {
      code: 'check-replaced',
      object: displayNameOf(policy),
      message: `it replaces the check of the Gateway at ${displayNameOf(route.object)}`,
      remedy: `Set spec.mergeType: StrategicMerge in ${displayNameOf(policy)}, and apply envoy-gateway/admission/.`,
    },
  ]
}
