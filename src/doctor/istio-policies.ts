// Examines the AuthorizationPolicies that ask an external authorizer, and the Sidecars that hide it.

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
  textMapAt,
  valueAt,
} from '../resources/object.ts'
import type { DoctorFinding } from './finding.ts'
import type { Objects } from './objects.ts'
import type { MeshConfig } from './providers.ts'

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

/** Policies of this service whose provider the mesh does not have. */
export function missingProviders(
  policies: readonly FoundPolicy[],
  mesh: MeshConfig | undefined,
): readonly DoctorFinding[] {
  if (mesh === undefined) return []
  return policies
    .filter(({ provider }) => isNamedOurs(provider) && !mesh.own.has(provider))
    .map(({ object, provider }) => ({
      code: mesh.providers.has(provider) ? 'provider-unreachable' : 'provider-missing',
      object: displayNameOf(object),
      message: mesh.providers.has(provider)
        ? `the provider ${provider} leads to no Service of kserve-authz`
        : `the mesh configuration has no provider ${provider}`,
      remedy: 'Add the provider of istio/mesh-config/ to extensionProviders of the mesh.',
    }))
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
      return (
        labels !== undefined && [...labels].every(([key, value]) => pod.labels.get(key) === value)
      )
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
