// Examines the pods of protected services: whether each request to them is checked.

import type { ServiceId } from '../access/service.ts'
import { hasLabels, selectsPod } from '../resources/authorization-policy.ts'
import { displayNameOf, type KubernetesObject } from '../resources/object.ts'
import { bypassesOf, changesOfSidecar } from './bypasses.ts'
import type { DoctorFinding, FindingCode } from './finding.ts'
import { type FoundPolicy, hidingSidecar } from './istio-policies.ts'
import type { NetworkPolicies } from './network-policies.ts'
import { type Objects, ownObjects } from './objects.ts'
import { tlsPorts, uncheckedPorts } from './policy-ports.ts'
import type { MeshConfig } from './providers.ts'
import type { ServicePod } from './services.ts'

/** A cluster, as far as it concerns pods and gateways. */
export type Cluster = {
  readonly objects: Objects
  readonly mesh: MeshConfig | undefined
  readonly policies: readonly FoundPolicy[]
  readonly networkPolicies: NetworkPolicies
}

export type PodFindings = {
  readonly findings: readonly DoctorFinding[]
  /** The services with a pod that only a gateway can guard. */
  readonly unguarded: ReadonlySet<ServiceId>
}

/** One finding for each service and code, with the first of its pods. */
export function inspectPods(pods: readonly ServicePod[], cluster: Cluster): PodFindings {
  const found = new Map<string, { readonly finding: DoctorFinding; count: number }>()
  const unguarded = new Set<ServiceId>()
  const add = (finding: DoctorFinding) => {
    const key = `${finding.code} ${finding.object}`
    const known = found.get(key)
    if (known === undefined) found.set(key, { finding, count: 1 })
    else known.count += 1
  }
  for (const each of pods) {
    if (!each.hasSidecar) unguarded.add(each.service)
    inspectPod(each, cluster).forEach(add)
  }
  const findings = [...found.values()].map(({ finding, count }) =>
    count === 1 ? finding : { ...finding, message: `${finding.message} (and ${count - 1} more)` },
  )
  return { findings, unguarded }
}

function inspectPod(
  { pod, label, hasSidecar }: ServicePod,
  { objects, mesh, policies, networkPolicies }: Cluster,
): readonly DoctorFinding[] {
  const about = (code: FindingCode, message: string, remedy: string): DoctorFinding => ({
    code,
    object: label,
    message: `${displayNameOf(pod)} ${message}`,
    remedy,
  })
  const { namespace, name } = pod
  if (!hasSidecar || mesh === undefined) {
    return networkPolicies.limits(pod, 'Ingress')
      ? []
      : [
          about(
            'pod-without-sidecar',
            'has no sidecar, and no NetworkPolicy restricts its callers',
            'Enable sidecar injection for the namespace, or apply envoy-gateway/network/.',
          ),
        ]
  }
  const selecting = policies.filter((policy) => selectsPod(policy, pod, mesh))
  const own = selecting.filter(({ isOwn }) => isOwn)
  const other = selecting.find(({ isOwn }) => !isOwn)
  const ownObjectsOf = own.map(({ object }) => object)
  const hiding = hidingSidecar(pod, ownObjects(objects, 'Service'), objects, mesh)
  return [
    ...(own.length === 0
      ? [
          about(
            'pod-not-selected',
            `is selected by no AuthorizationPolicy with a provider of kserve-authz${elsewhere(pod, policies, mesh)}`,
            'kubectl apply -k istio/workloads',
          ),
        ]
      : []),
    ...(own.length > 0 && other !== undefined && !mesh.takesSeveral
      ? [
          about(
            'second-provider',
            `is also selected by ${displayNameOf(other.object)} with the provider ${other.provider}`,
            `kubectl -n ${other.object.namespace} delete authorizationpolicy ${other.object.name}`,
          ),
        ]
      : []),
    ...bypassesOf(pod).map((bypass) =>
      about(
        'ports-excluded',
        bypass,
        `Remove it from ${label} or from the mesh's settings, and apply istio/admission/.`,
      ),
    ),
    ...uncheckedPorts(pod, ownObjectsOf)
      .filter(() => own.length > 0)
      .map(({ port, container }) =>
        about(
          'ports-excluded',
          `has the port ${port} of ${container}, which the policies of kserve-authz leave out`,
          'kubectl apply -k istio/workloads, without a component that opens this port',
        ),
      ),
    ...tlsPorts(pod, ownObjectsOf).map((port) =>
      about(
        'port-with-tls',
        `speaks TLS itself at port ${port}, so its sidecar sees no HTTP`,
        'Let the mesh do TLS, or check at the Gateway: docs/istio/llms.md',
      ),
    ),
    ...changesOfSidecar(pod).map((annotation) =>
      about(
        'sidecar-changed',
        `has the annotation ${annotation}, which changes the program or the settings of its sidecar`,
        `Remove the annotation from ${label}, and apply istio/admission/.`,
      ),
    ),
    ...(hiding === undefined
      ? []
      : [
          about(
            'service-hidden',
            `gets its configuration by ${displayNameOf(hiding)}, which does not list kserve-authz`,
            `Add kserve-authz/* to egress.hosts of ${displayNameOf(hiding)}.`,
          ),
        ]),
    ...own
      .filter(({ object }) => object.namespace === namespace && namespace !== mesh.rootNamespace)
      .filter(() => own.every(({ object }) => object.namespace === namespace))
      .map(({ object }) => ({
        ...about('policy-deletable', '', 'kubectl apply -k istio/workloads'),
        message: `only ${displayNameOf(object)} selects the pod ${name}, in the owner's namespace`,
      })),
  ]
}

/** A policy of another namespace that has the labels of the pod, in words. */
function elsewhere(
  pod: KubernetesObject,
  policies: readonly FoundPolicy[],
  { rootNamespace }: MeshConfig,
): string {
  const near = policies.find((policy) => policy.isOwn && hasLabels(policy, pod))
  return near === undefined
    ? ''
    : `: ${displayNameOf(near.object)} is not in the root namespace ${rootNamespace}`
}
