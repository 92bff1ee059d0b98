// The list of all watched kinds.

import type { ServiceKind } from '../../access/service.ts'
import { GATEWAY_LABELS } from '../../resources/gateway-pod.ts'
import { POD_SELECTORS } from '../../resources/service-pods.ts'
import type { Collection } from './list-watch.ts'

/** A collection of objects of one kind. */
export type WatchedKind = Collection & {
  readonly apiVersion: string
  readonly kind: string
  /** `undefined`: all, or the kind is cluster-scoped. */
  readonly namespace: string | undefined
}

type GatewayPods = {
  readonly namespace: string
  readonly podLabels: Readonly<Record<string, string>>
}

export type Scope = {
  /** Only these namespaces; empty: all. */
  readonly namespaces: readonly string[]
  /** Labels of the Secrets that hold API keys. */
  readonly apiKeyLabels: Readonly<Record<string, string>>
}

const POLICIES = 'kserve-authz.io/v1alpha1'
const KSERVE = 'serving.kserve.io'
const GATEWAYS = 'gateway.networking.k8s.io'

/** One collection for all namespaces, or one per namespace. */
const placesIn = (namespaces: readonly string[]): readonly (string | undefined)[] =>
  namespaces.length === 0 ? [undefined] : namespaces

/** The kinds of services. */
export const serviceCollections = ({ namespaces }: Scope): readonly WatchedKind[] =>
  placesIn(namespaces).flatMap((where) =>
    Object.entries(SERVICE_VERSIONS).map(([kind, versions]) => kserve(kind, versions, where)),
  )

/** LLMInferenceServiceConfigs, in the services' namespaces and in KServe's. */
export const llmConfigCollections = (
  { namespaces }: Pick<Scope, 'namespaces'>,
  kserveNamespace: string,
): readonly WatchedKind[] =>
  placesIn(namespaces.length === 0 ? [] : [...new Set([...namespaces, kserveNamespace])]).map(
    (where) => kserve('LLMInferenceServiceConfig', ['v1alpha2', 'v1alpha1'], where),
  )

/** AccessPolicies. */
export const policyCollections = ({ namespaces }: Scope): readonly WatchedKind[] =>
  placesIn(namespaces).map((where) =>
    collectionOf('AccessPolicy', where, [POLICIES], 'accesspolicies'),
  )

/** Pods of services, and Secrets with API keys. */
export const holdingCollections = ({ namespaces, apiKeyLabels }: Scope): readonly WatchedKind[] =>
  placesIn(namespaces).flatMap((where) => [
    ...podsIn(where),
    core('Secret', where, { labelSelector: selectorOf(apiKeyLabels) }),
  ])

/** Pods of services, in one namespace or in all. */
export const podsIn = (where: Place): readonly WatchedKind[] =>
  POD_SELECTORS.map((labelSelector) => core('Pod', where, { labelSelector }))

/**
 * Pods of gateways: by the labels of gateway controllers, in the watched namespaces and in KServe's; and by
 * the labels in the configuration. Optional in a namespace that is not watched: a Role there may be older than
 * this program. Without them the gateway is not known.
 */
export const gatewayCollections = (
  { namespaces }: Pick<Scope, 'namespaces'>,
  kserveNamespace: string,
  declared: readonly GatewayPods[],
): readonly WatchedKind[] =>
  [
    ...placesIn(
      namespaces.length === 0 ? [] : [...new Set([...namespaces, kserveNamespace])],
    ).flatMap((where) =>
      GATEWAY_LABELS.map((labelSelector) => core('Pod', where, { labelSelector })),
    ),
    ...declared.map(({ namespace, podLabels }) =>
      core('Pod', namespace, { labelSelector: selectorOf(podLabels) }),
    ),
  ].map((collection) => {
    const { namespace } = collection
    const optional = namespaces.length > 0 && !namespaces.some((each) => each === namespace)
    return optional ? { ...collection, optional } : collection
  })

/** The routes of the Gateway API: optional, because a cluster may lack them, or the permission may be missing. */
export const routeCollections = ({
  namespaces,
}: Pick<Scope, 'namespaces'>): readonly WatchedKind[] =>
  placesIn(namespaces).flatMap((where) =>
    [
      collectionOf('HTTPRoute', where, [`${GATEWAYS}/v1`, `${GATEWAYS}/v1beta1`]),
      collectionOf('GRPCRoute', where, [`${GATEWAYS}/v1`, `${GATEWAYS}/v1alpha2`]),
    ].map((collection) => ({ ...collection, optional: true })),
  )

/** Policies of Istio and Envoy Gateway, by which proxies ask: optional, like routes. */
export const GUARD_COLLECTIONS: readonly WatchedKind[] = [
  collectionOf(
    'AuthorizationPolicy',
    undefined,
    ['security.istio.io/v1', 'security.istio.io/v1beta1'],
    'authorizationpolicies',
  ),
  collectionOf('SecurityPolicy', undefined, ['gateway.envoyproxy.io/v1alpha1'], 'securitypolicies'),
].map((collection) => ({ ...collection, optional: true }))

/** KServe's ConfigMap; `namespace` is where KServe is installed. */
export const configurationCollection = (namespace: string): WatchedKind =>
  core('ConfigMap', namespace, { fieldSelector: 'metadata.name=inferenceservice-config' })

/** Objects that tokens do not outlive: ServiceAccounts, and Secrets with their tokens. */
export const accountCollections = ({ namespaces }: Scope): readonly WatchedKind[] =>
  placesIn(namespaces).flatMap((where) => [
    metadataOf(core('ServiceAccount', where, {})),
    metadataOf(
      core('Secret', where, { fieldSelector: 'type=kubernetes.io/service-account-token' }),
    ),
  ])

/** Objects that permissions depend on; cluster-scoped ones only if all namespaces are watched. */
export const rbacCollections = ({ namespaces }: Scope): readonly WatchedKind[] =>
  [
    ...(namespaces.length === 0
      ? [rbac('ClusterRole', undefined), rbac('ClusterRoleBinding', undefined)]
      : []),
    ...placesIn(namespaces).flatMap((where) => [rbac('Role', where), rbac('RoleBinding', where)]),
  ].map(metadataOf)

/** Roles and bindings that grant permissions in a namespace. */
export const grantingIn = (namespace: string): readonly WatchedKind[] => [
  rbac('ClusterRole', undefined),
  rbac('ClusterRoleBinding', undefined),
  rbac('Role', namespace),
  rbac('RoleBinding', namespace),
]

const metadataOf = (collection: WatchedKind): WatchedKind => ({
  ...collection,
  metadataOnly: true,
})

type Versions = readonly [string, ...string[]]

/** The versions of each kind, the preferred one first. A kind without an entry does not compile. */
const SERVICE_VERSIONS: Readonly<Record<ServiceKind, Versions>> = {
  InferenceService: ['v1beta1'],
  InferenceGraph: ['v1alpha1'],
  LLMInferenceService: ['v1alpha2', 'v1alpha1'],
}

type Place = string | undefined

const kserve = (kind: string, [first, ...others]: Versions, where: Place): WatchedKind =>
  collectionOf(kind, where, [`${KSERVE}/${first}`, ...others.map((each) => `${KSERVE}/${each}`)])

const rbac = (kind: string, where: Place): WatchedKind =>
  collectionOf(kind, where, ['rbac.authorization.k8s.io/v1'])

const core = (
  kind: string,
  where: Place,
  query: Readonly<Record<string, string>>,
): WatchedKind => ({ ...collectionOf(kind, where, ['v1']), query })

/** All objects of a kind, of which `others` are older versions. */
export function collectionOf(
  kind: string,
  namespace: Place,
  [apiVersion, ...others]: Versions,
  resource = `${kind.toLowerCase()}s`,
): WatchedKind {
  const place = namespace === undefined ? '' : `namespaces/${namespace}/`
  const pathIn = (version: string) =>
    `/${version.includes('/') ? 'apis' : 'api'}/${version}/${place}${resource}`
  return {
    apiVersion,
    kind,
    namespace,
    resource,
    paths: [pathIn(apiVersion), ...others.map(pathIn)],
    query: {},
    metadataOnly: false,
  }
}

const selectorOf = (labels: Readonly<Record<string, string>>): string =>
  Object.entries(labels)
    .map(([key, value]) => `${key}=${value}`)
    .join(',')
