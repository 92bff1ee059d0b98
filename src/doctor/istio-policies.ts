// Finds the AuthorizationPolicies that select a pod or a Gateway, and examines them.

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

/** An AuthorizationPolicy with the action CUSTOM. */
export type CustomPolicy = {
  readonly object: KubernetesObject
  readonly provider: string
  /** Whether its provider leads to this service, or should. */
  readonly isOwn: boolean
  readonly labels: TextMap
  /** `kind name` of its targets; none: it selects pods. */
  readonly targets: ReadonlySet<string>
}

/** Istio refuses every request if the mesh does not have the provider, so such a policy guards, too. */
const isNamedOurs = (provider: string) => provider.startsWith('kserve-authz')

/** A policy without rules matches no request, and does not count. */
export function customPolicies(
  { of }: Objects,
  mesh: MeshConfig | undefined,
): readonly CustomPolicy[] {
  return of('AuthorizationPolicy')
    .filter(({ content }) => textAt(content, 'spec', 'action') === 'CUSTOM')
    .filter(({ content }) => listAt(content, 'spec', 'rules').length > 0)
    .map((object) => {
      const { content } = object
      const provider = textAt(content, 'spec', 'provider', 'name') ?? ''
      const refs = [
        valueAt(content, 'spec', 'targetRef'),
        ...listAt(content, 'spec', 'targetRefs'),
      ].filter((ref) => ref !== undefined)
      return {
        object,
        provider,
        isOwn: isNamedOurs(provider) || mesh?.own.has(provider) === true,
        labels: textMapAt(content, 'spec', 'selector', 'matchLabels') ?? new Map(),
        targets: new Set(refs.map((ref) => `${textAt(ref, 'kind')} ${textAt(ref, 'name')}`)),
      }
    })
}

/** A policy of the root namespace selects pods of every namespace. */
export function selectsPod(
  { object: { namespace }, labels, targets }: CustomPolicy,
  pod: KubernetesObject,
  { rootNamespace }: MeshConfig,
): boolean {
  if (targets.size > 0 || (namespace !== rootNamespace && namespace !== pod.namespace)) return false
  return [...labels].every(([label, value]) => pod.labels.get(label) === value)
}

/** Whether it selects the Gateway, or may select its pods, whose labels are not known. */
export function maySelectGateway(
  { object, labels, targets }: CustomPolicy,
  gateway: KubernetesObject,
  mesh: MeshConfig | undefined,
): boolean {
  if (targets.size > 0)
    return object.namespace === gateway.namespace && targets.has(`Gateway ${gateway.name}`)
  const isThere = [gateway.namespace, mesh?.rootNamespace].includes(object.namespace)
  const named = labels.get('gateway.networking.k8s.io/gateway-name')
  return isThere && (named === undefined ? !labels.has('component') : named === gateway.name)
}

/** Policies of this service whose provider the mesh does not have. */
export function missingProviders(
  policies: readonly CustomPolicy[],
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
