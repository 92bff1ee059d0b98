// The permissions that the service needs, by its configuration.

import {
  accountCollections,
  configurationCollection,
  GUARD_COLLECTIONS,
  gatewayCollections,
  holdingCollections,
  llmConfigCollections,
  policyCollections,
  rbacCollections,
  routeCollections,
  type Scope,
  serviceCollections,
  type WatchedKind,
} from '../kubernetes/watch/watched-kinds.ts'

/** The part of the configuration that the needed permissions depend on. */
export type PermissionScope = Scope & {
  readonly kserveNamespace: string
  readonly instantRevocation: boolean
  /** Whether the service asks the API server for the issuer of its tokens, and for its keys. */
  readonly discovers: { readonly issuer: boolean; readonly keys: boolean }
  /** The configured pods of gateways. */
  readonly gatewayPods: Parameters<typeof gatewayCollections>[2]
}

/** What does not work without a permission. */
export const PURPOSES = {
  watch: { needed: true, without: 'a replica that starts does not become ready' },
  tokens: { needed: true, without: 'new tokens of Kubernetes get 503' },
  rbac: { needed: true, without: 'callers that need a permission of RBAC get 503' },
  routes: { needed: false, without: 'a gateway that names its route gets 503' },
  gateways: {
    needed: false,
    without: 'the service does not know which gateway of this namespace asks',
  },
  guards: {
    needed: false,
    without: 'the service does not know which protected services no proxy asks about',
  },
  status: { needed: false, without: 'AccessPolicies get no status' },
  events: { needed: false, without: 'owners get no events' },
} as const satisfies Readonly<Record<string, { needed: boolean; without: string }>>

export type PermissionPurpose = keyof typeof PURPOSES

export type NeededPermission = {
  readonly purpose: PermissionPurpose
  readonly verb: string
  /** A path of the API server instead of a resource. */
  readonly path?: string
  readonly group?: string
  readonly resource?: string
  readonly subresource?: string
  readonly name?: string
  /** Absent: all namespaces. */
  readonly namespace?: string
}

const WATCHED = ['list', 'watch']

/** Every permission that the service uses. */
export const neededPermissions = (scope: PermissionScope): readonly NeededPermission[] => [
  ...watchedBy(scope).flatMap(([purpose, collection]) => permissionsFor(purpose, collection)),
  ...reviewed('authentication.k8s.io', 'tokenreviews', 'tokens'),
  ...reviewed('authorization.k8s.io', 'subjectaccessreviews', 'rbac'),
  ...discovered(scope),
  ...placesOf(scope).flatMap((place): readonly NeededPermission[] => [
    { purpose: 'events', verb: 'create', group: '', resource: 'events', ...place },
    {
      purpose: 'status',
      verb: 'patch',
      group: 'kserve-authz.io',
      resource: 'accesspolicies',
      subresource: 'status',
      ...place,
    },
  ]),
]

function watchedBy(scope: PermissionScope): readonly (readonly [PermissionPurpose, WatchedKind])[] {
  const { kserveNamespace, namespaces } = scope
  const gateways = gatewayCollections(scope, kserveNamespace, scope.gatewayPods)
  const required = [
    ...serviceCollections(scope),
    ...policyCollections(scope),
    ...holdingCollections(scope),
    ...llmConfigCollections(scope, kserveNamespace),
    configurationCollection(kserveNamespace),
    ...gateways.filter(({ optional }) => optional !== true),
    ...(scope.instantRevocation ? [...accountCollections(scope), ...rbacCollections(scope)] : []),
  ]
  const withPurpose = (purpose: PermissionPurpose) => (collection: WatchedKind) =>
    [purpose, collection] as const
  return [
    ...required.map(withPurpose('watch')),
    ...gateways.filter(({ optional }) => optional === true).map(withPurpose('gateways')),
    ...routeCollections(scope).map(withPurpose('routes')),
    // The service does not watch them if it serves only some namespaces.
    ...(namespaces.length === 0 ? GUARD_COLLECTIONS : []).map(withPurpose('guards')),
  ]
}

function permissionsFor(
  purpose: PermissionPurpose,
  { apiVersion, resource, namespace, query }: WatchedKind,
): readonly NeededPermission[] {
  const group = apiVersion.includes('/') ? (apiVersion.split('/')[0] ?? '') : ''
  const [field, name] = (query.fieldSelector ?? '').split('=')
  return WATCHED.map((verb) => ({
    purpose,
    verb,
    group,
    resource,
    ...(field === 'metadata.name' && name !== undefined ? { name } : {}),
    ...(namespace === undefined ? {} : { namespace }),
  }))
}

const reviewed = (
  group: string,
  resource: string,
  purpose: PermissionPurpose,
): readonly NeededPermission[] => [{ purpose, verb: 'create', group, resource }]

const discovered = ({ discovers }: PermissionScope): readonly NeededPermission[] => [
  ...(discovers.issuer
    ? [{ purpose: 'watch', verb: 'get', path: '/.well-known/openid-configuration' } as const]
    : []),
  ...(discovers.keys ? [{ purpose: 'tokens', verb: 'get', path: '/openid/v1/jwks' } as const] : []),
]

const placesOf = ({ namespaces }: PermissionScope): readonly { readonly namespace?: string }[] =>
  namespaces.length === 0 ? [{}] : namespaces.map((namespace) => ({ namespace }))
