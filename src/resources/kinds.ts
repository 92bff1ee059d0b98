// How each kind of object is read, and its meaning.

import type { ApiKey } from '../access/api-key.ts'
import { type GatewayRoute, ROUTE_KINDS, type RouteKind } from '../access/gateway-route.ts'
import type { Policy } from '../access/policy.ts'
import { SERVICE_KINDS, type Service, type ServiceKind } from '../access/service.ts'
import { readAccessPolicy } from './access-policy.ts'
import { readApiKey } from './api-key.ts'
import { readGatewayRoute } from './http-route.ts'
import { CONFIG_MAP, readKserveConfiguration } from './kserve-configuration.ts'
import { keptLlmConfig, type LlmConfig } from './llm-config.ts'
import {
  type Fields,
  isSegmentName,
  isSubdomainName,
  type KubernetesObject,
  type ObjectShape,
} from './object.ts'
import { type PodReading, readPod } from './pod.ts'
import type { Raise } from './problem.ts'
import { type Binding, RBAC_GROUP, type Role, readBinding, readRole } from './rbac.ts'
import type { ReadSettings } from './read-settings.ts'
import { readServiceAccount, type ServiceAccount } from './service-account.ts'
import { SERVICE_READERS } from './service-readers.ts'
import { readTokenSecret, type TokenSecret } from './token-secret.ts'

/** The meaning of an object. `ignored`: none, or unreadable. */
export type Resource =
  | { readonly kind: 'service'; readonly service: Service }
  | ({ readonly kind: 'workloads' } & PodReading)
  | { readonly kind: 'api-key'; readonly key: ApiKey }
  | { readonly kind: 'token'; readonly token: TokenSecret }
  | { readonly kind: 'service-account'; readonly account: ServiceAccount }
  | { readonly kind: 'role'; readonly role: Role }
  | { readonly kind: 'binding'; readonly binding: Binding }
  | { readonly kind: 'policy'; readonly policy: Policy }
  | { readonly kind: 'route'; readonly route: GatewayRoute }
  | {
      readonly kind: 'llm-config'
      readonly namespace: string
      readonly name: string
      readonly config: LlmConfig
    }
  | { readonly kind: 'kserve-configuration'; readonly configMap: Fields }
  | { readonly kind: 'ignored' }

type Reader = (object: KubernetesObject, settings: ReadSettings, raise: Raise) => Resource

export type Kind = ObjectShape & { readonly group: string; readonly read: Reader }

export const IGNORED: Resource = { kind: 'ignored' }
/** A ConfigMap other than KServe's. */
export const OTHER: Resource = { kind: 'ignored' }

export const KSERVE_GROUP = 'serving.kserve.io'
export const OWN_GROUP = 'kserve-authz.io'
const GATEWAY_GROUP = 'gateway.networking.k8s.io'
const NAMESPACED: ObjectShape = { namespaced: true, isName: isSubdomainName }
const SEGMENT: ObjectShape = { namespaced: true, isName: isSegmentName }
const CLUSTER: ObjectShape = { namespaced: false, isName: isSegmentName }

const serviceKind = (kind: ServiceKind): Kind => ({
  group: KSERVE_GROUP,
  ...NAMESPACED,
  read: (...args) => ({ kind: 'service', service: SERVICE_READERS[kind](...args) }),
})
const role =
  (kind: Role['kind']): Reader =>
  (object, _settings, raise) => ({ kind: 'role', role: readRole(object, kind, raise) })
const binding =
  (kind: Binding['kind']): Reader =>
  (object, _settings, raise) => {
    const found = readBinding(object, kind, raise)
    return found === undefined ? IGNORED : { kind: 'binding', binding: found }
  }

const route =
  (kind: RouteKind): Reader =>
  (object, _settings, raise) => ({ kind: 'route', route: readGatewayRoute(object, kind, raise) })

/** By the name of the kind. */
export const KINDS: ReadonlyMap<string, Kind> = new Map<string, Kind>([
  ...SERVICE_KINDS.map((kind) => [kind, serviceKind(kind)] as const),
  ['LLMInferenceServiceConfig', { group: KSERVE_GROUP, ...NAMESPACED, read: readLlmConfigObject }],
  ['ConfigMap', { group: '', ...NAMESPACED, read: readConfigMap }],
  ['AccessPolicy', { group: OWN_GROUP, ...NAMESPACED, read: readPolicy }],
  ...ROUTE_KINDS.map((kind): [string, Kind] => [
    kind,
    { group: GATEWAY_GROUP, ...NAMESPACED, read: route(kind) },
  ]),
  ['Pod', { group: '', ...NAMESPACED, read: readWorkloads }],
  ['Secret', { group: '', ...NAMESPACED, read: readSecret }],
  ['ServiceAccount', { group: '', ...NAMESPACED, read: readAccount }],
  ['Role', { group: RBAC_GROUP, ...SEGMENT, read: role('Role') }],
  ['RoleBinding', { group: RBAC_GROUP, ...SEGMENT, read: binding('RoleBinding') }],
  ['ClusterRole', { group: RBAC_GROUP, ...CLUSTER, read: role('ClusterRole') }],
  ['ClusterRoleBinding', { group: RBAC_GROUP, ...CLUSTER, read: binding('ClusterRoleBinding') }],
])

function readWorkloads(object: KubernetesObject, settings: ReadSettings, raise: Raise): Resource {
  return { kind: 'workloads', ...readPod(object, settings, raise) }
}

function readSecret(object: KubernetesObject, settings: ReadSettings, raise: Raise): Resource {
  const key = readApiKey(object, settings, raise)
  if (typeof key !== 'string') return { kind: 'api-key', key }
  const token = readTokenSecret(object, settings, raise)
  return token === undefined ? IGNORED : { kind: 'token', token }
}

export function readPolicy(
  object: KubernetesObject,
  settings: ReadSettings,
  raise: Raise,
): Resource {
  return { kind: 'policy', policy: readAccessPolicy(object, settings, raise) }
}

function readLlmConfigObject({ namespace, name, content }: KubernetesObject): Resource {
  return { kind: 'llm-config', namespace, name, config: keptLlmConfig(content) }
}

function readConfigMap(
  { namespace, name, content }: KubernetesObject,
  { kubernetes }: ReadSettings,
  raise: Raise,
): Resource {
  if (name !== CONFIG_MAP) return OTHER
  if (namespace !== kubernetes?.kserveNamespace) {
    raise(
      'OtherNamespace',
      `ignored: KServe's configuration is read in the namespace ${kubernetes?.kserveNamespace ?? ''} (kubernetes.kserveNamespace)`,
    )
    return OTHER
  }
  for (const { reason, message } of readKserveConfiguration(content).problems)
    raise(reason, message)
  return { kind: 'kserve-configuration', configMap: content }
}

function readAccount(object: KubernetesObject): Resource {
  return { kind: 'service-account', account: readServiceAccount(object) }
}
