import type { Written } from '../cluster/client.ts'
import type { Cluster } from '../cluster/cluster.ts'
import { startPod } from '../scenario/pod.ts'
import { WORKLOAD_PORT } from './installation.ts'
import { meshService, sidecar } from './objects.ts'
import type { Model } from './streaming-model.ts'
import { createPod, ownLabel, type Workload } from './workload.ts'

export type PodSpec = {
  /** By default `team`. */
  readonly namespace?: string
  /** Labels that KServe sets. */
  readonly labels: Readonly<Record<string, string>>
  /** By default `default`. */
  readonly serviceAccount?: string
  /** By default true. */
  readonly sidecar?: boolean
  /** By default a model that answers in the dialects of KServe. */
  readonly model?: () => Promise<Model>
}

export type MeshPod = Workload & {
  readonly meshed: boolean
  /** Behind the sidecar. */
  readonly model: Model
}

/** Labels of the pods of an InferenceService. */
export const componentOf = (
  service: string,
  component: 'predictor' | 'transformer' | 'explainer' = 'predictor',
) => ({ 'serving.kserve.io/inferenceservice': service, component })

/** Labels of the pods of an InferenceGraph run by Knative. */
export const graphPodOf = (graph: string) => ({
  'serving.kserve.io/inferencegraph': graph,
  'serving.kserve.io/kind': 'InferenceGraph',
})

export const llmPodOf = (service: string) => ({
  'app.kubernetes.io/name': service,
  'app.kubernetes.io/part-of': 'llminferenceservice',
  'app.kubernetes.io/component': 'llminferenceservice-workload',
  'kserve.io/component': 'workload',
})

/** Ports of every sidecar: for models, their gRPC, Knative's queue-proxy, and LLMs. */
export const HTTP_PORT = 8080
export const GRPC_PORT = 9000
export const QUEUE_PROXY_PORT = 8012
export const LLM_PORT = 8000
export const POD_PORTS = [HTTP_PORT, GRPC_PORT, QUEUE_PROXY_PORT, LLM_PORT]

export async function startMeshPod(
  cluster: Cluster,
  name: string,
  address: string,
  {
    namespace = 'team',
    labels,
    serviceAccount = 'default',
    sidecar: meshed = true,
    model = startPod,
  }: PodSpec,
): Promise<MeshPod> {
  const pod = { role: 'sidecar', name, address, namespace, labels, serviceAccount, meshed } as const
  await createPod(cluster, pod, ['kserve-container', ...(meshed ? ['istio-proxy'] : [])])
  return { ...pod, model: await model() }
}

/** A Service with the pod's name: port 80 is the model's HTTP; the others have the pod's port numbers. */
export function istioObjectsOf(pod: MeshPod): readonly Written[] {
  const { namespace, name, address, model, serviceAccount, meshed } = pod
  const inbound = [
    { number: HTTP_PORT, protocol: 'HTTP', upstream: model.httpPort },
    { number: GRPC_PORT, protocol: 'GRPC', upstream: model.grpcPort },
    { number: QUEUE_PROXY_PORT, protocol: 'HTTP', upstream: model.httpPort },
    { number: LLM_PORT, protocol: 'HTTP', upstream: model.httpPort },
  ] as const
  const ports = inbound.map(({ number, protocol, upstream }) => ({
    number: number === HTTP_PORT ? 80 : number,
    targetPort: meshed ? number : upstream,
    protocol,
  }))
  // istiod treats every workload with a ServiceAccount as part of the mesh.
  const endpoint = meshed ? { address, meshed, serviceAccount } : { address: '127.0.0.1', meshed }
  const service = meshService(namespace, name, ports, [endpoint])
  if (!meshed) return [service]
  const labels = ownLabel(name)
  return [service, sidecar(namespace, name, { labels, address, inbound, asks: WORKLOAD_PORT })]
}
