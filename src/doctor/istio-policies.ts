// Examines Istio's objects that decide whether proxies ask this service.

import { hasAllLabels } from '../common/labels.ts'
import {
  type CustomPolicy,
  isNamedOurs,
  readCustomPolicy,
} from '../resources/authorization-policy.ts'
import {
  displayNameOf,
  type KubernetesObject,
  listAt,
  type TextMap,
  textAt,
  textMapAt,
  valueAt,
} from '../resources/object.ts'
import type { DoctorFinding } from './finding.ts'
import type { Objects } from './objects.ts'
import type { MeshConfig } from './providers.ts'
import { revisionsOf } from './revisions.ts'

/** An AuthorizationPolicy with the action CUSTOM, and its object. */
export type FoundPolicy = CustomPolicy & {
  readonly object: KubernetesObject
  /** Whether its provider leads to this service, or should. */
  readonly isOwn: boolean
}

/** A policy without rules matches no request, and does not count. */
export const customPolicies = (
  { of }: Objects,
  mesh: MeshConfig | undefined,
): readonly FoundPolicy[] =>
  of('AuthorizationPolicy').flatMap((object) => {
    const policy = readCustomPolicy(object)
    if (policy === undefined) return []
    const isOwn = isNamedOurs(policy.provider) || mesh?.own.has(policy.provider) === true
    return [{ ...policy, object, isOwn }]
  })

/** Policies of this service whose provider a revision of these pods does not have. */
export function missingProviders(
  policies: readonly FoundPolicy[],
  mesh: MeshConfig | undefined,
  pods: readonly KubernetesObject[],
): readonly DoctorFinding[] {
  if (mesh === undefined) return []
  const named = policies.filter(({ provider }) => isNamedOurs(provider))
  return revisionsOf(pods, mesh).flatMap(({ map, providers, own }) =>
    named
      .filter(({ provider }) => !own.has(provider))
      .map(({ object, provider }) => ({
        code: providers.has(provider) ? 'provider-unreachable' : 'provider-missing',
        object: displayNameOf(object),
        message: providers.has(provider)
          ? `the provider ${provider} of ${displayNameOf(map)} leads to no Service of kserve-authz`
          : `${displayNameOf(map)} has no provider ${provider}`,
        remedy: `Add the provider of istio/mesh-config/ to extensionProviders of ${displayNameOf(map)}.`,
      })),
  )
}

/** Policies of this service at waypoints, which say too little about a request. */
export const inspectWaypoints = (
  { of }: Objects,
  policies: readonly FoundPolicy[],
): readonly DoctorFinding[] =>
  policies
    .filter(({ isOwn }) => isOwn)
    .flatMap(({ object, namespace, targets }) =>
      [...targets]
        .filter(
          (target) =>
            of('Gateway').some(
              (gateway) =>
                gateway.namespace === namespace &&
                target === `Gateway ${gateway.name}` &&
                textAt(gateway.content, 'spec', 'gatewayClassName') === WAYPOINT,
            ) || WAYPOINT_TARGET.test(target),
        )
        .map((target) => ({
          code: 'waypoint-asks',
          object: displayNameOf(object),
          message: `it makes a waypoint ask, by its target ${target}`,
          remedy: `kubectl -n ${namespace} delete authorizationpolicy ${object.name}, and see docs/istio/waypoints.md`,
        })),
    )

const WAYPOINT = 'istio-waypoint'
/** Only waypoints apply policies at these. */
const WAYPOINT_TARGET = /^(?:Service|ServiceEntry|GatewayClass) /

/** EnvoyFilters that change the check of these pods. */
export function inspectFilters(
  { of }: Objects,
  mesh: MeshConfig | undefined,
  pods: readonly KubernetesObject[],
): readonly DoctorFinding[] {
  if (mesh === undefined) return []
  return of('EnvoyFilter')
    .filter(({ content }) => listAt(content, 'spec', 'configPatches').some(changesCheck))
    .filter((filter) => pods.some((pod) => appliesTo(filter, pod, mesh)))
    .map((filter) => ({
      code: 'filter-changes-check',
      object: displayNameOf(filter),
      message: 'it removes or changes the filter that asks an external authorizer',
      remedy: `kubectl -n ${filter.namespace} delete envoyfilter ${filter.name}, and apply istio/admission/.`,
    }))
}

const CHECK = 'envoy.filters.http.ext_authz'
const CHANGING: ReadonlySet<string | undefined> = new Set(['REMOVE', 'REPLACE', 'MERGE'])

/** A patch of the filter, or of a route that has settings of its own for it. */
function changesCheck(entry: unknown): boolean {
  if (!CHANGING.has(textAt(entry, 'patch', 'operation'))) return false
  if (valueAt(entry, 'patch', 'value', 'typed_per_filter_config', CHECK) !== undefined) return true
  if (textAt(entry, 'applyTo') !== 'HTTP_FILTER') return false
  const filter = valueAt(entry, 'match', 'listener', 'filterChain', 'filter')
  return (textAt(filter, 'subFilter', 'name') ?? CHECK) === CHECK
}

/** A filter of the root namespace applies to pods of every namespace. */
function appliesTo(
  { namespace, content }: KubernetesObject,
  pod: KubernetesObject,
  { rootNamespace }: MeshConfig,
): boolean {
  if (namespace !== rootNamespace && namespace !== pod.namespace) return false
  const labels = textMapAt(content, 'spec', 'workloadSelector', 'labels') ?? new Map()
  return hasAllLabels(pod.labels, labels)
}

/** Whether the Sidecar resources of a pod's namespace hide this service from its proxy. */
export function hidingSidecar(
  pod: KubernetesObject,
  services: readonly KubernetesObject[],
  { of }: Objects,
  { rootNamespace }: MeshConfig,
): KubernetesObject | undefined {
  const all = of('Sidecar')
  const labelsOf = ({ content }: KubernetesObject): TextMap | undefined =>
    valueAt(content, 'spec', 'workloadSelector') === undefined
      ? undefined
      : textMapAt(content, 'spec', 'workloadSelector', 'labels')
  const here = all.filter(({ namespace }) => namespace === pod.namespace)
  const chosen =
    here.find((sidecar) => {
      const labels = labelsOf(sidecar)
      return labels !== undefined && hasAllLabels(pod.labels, labels)
    }) ??
    here.find((sidecar) => labelsOf(sidecar) === undefined) ??
    all.find((sidecar) => sidecar.namespace === rootNamespace && labelsOf(sidecar) === undefined)
  if (chosen === undefined) return undefined
  const egress = listAt(chosen.content, 'spec', 'egress')
  if (egress.length === 0) return undefined
  const hosts = egress.flatMap((entry) => listAt(entry, 'hosts').map(String))
  const isSeen = services.some(({ namespace, name }) =>
    hosts.some((host) => importsHost(host, namespace, name, pod.namespace)),
  )
  return isSeen ? undefined : chosen
}

/** `namespace/host` as in Istio's Sidecar: `*` and `.` as the namespace, `*` or `*.suffix` as the host. */
function importsHost(entry: string, namespace: string, name: string, from: string): boolean {
  const slash = entry.indexOf('/')
  const [where, host] = [entry.slice(0, slash), entry.slice(slash + 1)]
  const isThere = where === '*' || where === namespace || (where === '.' && from === namespace)
  const full = `${name}.${namespace}.svc.cluster.local`
  return (
    isThere &&
    (host === '*' || host === full || (host.startsWith('*.') && full.endsWith(host.slice(1))))
  )
}
