// Reads Pods as workloads of services and proxies of gateways.

import type { GatewayProxy } from '../access/asking.ts'
import type { LlmRole, Workload } from '../access/workload.ts'
import { canonicalAddress } from '../common/address.ts'
import { gatewaysOfPod, isIstio } from './gateway-pod.ts'
import { type KubernetesObject, listAt, type TextMap, textAt, valueAt } from './object.ts'
import type { Raise } from './problem.ts'
import type { ReadSettings } from './read-settings.ts'
import { servicesOfPod } from './service-pods.ts'

const FINISHED: ReadonlySet<unknown> = new Set(['Succeeded', 'Failed'])
const SIDECAR = 'istio-proxy'
/** The container of llm-d that forwards requests of a decode pod to prefill pods. */
const ROUTING_SIDECAR = 'llm-d-routing-sidecar'
/** The label by which Knative selects the pods of a revision. */
const KNATIVE = 'serving.knative.dev/revision'

/** The meaning of a pod: a workload of services, or a proxy of gateways; rarely both. */
export type PodReading = {
  readonly workloads: readonly Workload[]
  readonly proxies: readonly GatewayProxy[]
}

const NOTHING: PodReading = { workloads: [], proxies: [] }

/**
 * Reads a Pod as the workload of each service in its labels, and as the proxy of gateways. Ignores pods that
 * are finished. The address is not known before the pod has one, or if it is the node's, which others share.
 */
export function readPod(
  object: KubernetesObject,
  settings: Pick<ReadSettings, 'gateways'>,
  raise: Raise,
): PodReading {
  const { namespace, name, labels, content } = object
  const services = servicesOfPod(object)
  const proxy = gatewaysOfPod(object, settings)
  const isProxy = proxy.gateways.length > 0
  const isNobody = services.length === 0 && !isProxy
  if (isNobody || isFinished(object)) return NOTHING
  const hostNetwork = valueAt(content, 'spec', 'hostNetwork') ?? false
  const addresses = hostNetwork === false ? addressesIn(content, raise) : []
  if (addresses.length === 0) {
    return isProxy ? { workloads: [], proxies: [{ ...proxy, addresses }] } : NOTHING
  }
  const shared = {
    namespace,
    name,
    addresses,
    serviceAccount: textAt(content, 'spec', 'serviceAccountName') || 'default',
    sidecar: hasSidecar(object),
    knative: labels.has(KNATIVE),
  }
  const role = roleOf(object)
  return {
    workloads: services.map((service) => ({
      ...shared,
      ...service,
      ...(service.component === 'llm' && role !== undefined ? { role } : {}),
    })),
    proxies: isProxy ? [{ ...proxy, addresses, pathsFirst: isIstio(object) }] : [],
  }
}

function roleOf({ labels, content }: KubernetesObject): LlmRole | undefined {
  if (isScheduler(labels)) return 'scheduler'
  if (hasContainer(content, ROUTING_SIDECAR)) return 'decode'
  const role = labels.get('llm-d.ai/role')
  return role === 'decode' || role === 'prefill' || role === 'both' ? role : undefined
}

const SCHEDULER = 'llminferenceservice-router-scheduler'

/** Whether a pod is the scheduler of an LLMInferenceService, which has no clients. */
const isScheduler = (labels: TextMap): boolean =>
  labels.get('app.kubernetes.io/component') === SCHEDULER

/** Whether a pod receives no requests any more. */
const isFinished = ({ content }: KubernetesObject): boolean =>
  FINISHED.has(valueAt(content, 'status', 'phase'))

/** Whether a pod answers clients of its services. */
export const servesClients = (pod: KubernetesObject): boolean =>
  !isFinished(pod) && !isScheduler(pod.labels)

export const hasSidecar = ({ content }: KubernetesObject): boolean => hasContainer(content, SIDECAR)

/** Kubernetes gives a pod at most two. */
export const MAX_ADDRESSES = 16

function addressesIn(content: unknown, raise: Raise): readonly string[] {
  const list = listAt(content, 'status', 'podIPs')
  if (list.length > MAX_ADDRESSES)
    raise('TooManyAddresses', `its status has too many IPs: only ${MAX_ADDRESSES} are used`)
  const written = [
    ...list.slice(0, MAX_ADDRESSES).map((entry) => valueAt(entry, 'ip')),
    valueAt(content, 'status', 'podIP'),
  ].filter((ip) => ip !== undefined && ip !== null && ip !== '')
  const addresses = written.map((ip) => (typeof ip === 'string' ? canonicalAddress(ip) : undefined))
  if (addresses.includes(undefined))
    raise('UnreadableAddress', 'an IP in its status cannot be read')
  return [...new Set(addresses.filter((address) => address !== undefined))]
}

const hasContainer = (content: unknown, name: string) =>
  ['containers', 'initContainers'].some((field) =>
    listAt(content, 'spec', field).some((container) => valueAt(container, 'name') === name),
  )
