import { noteCredential } from '../leaks.ts'
import type { Written } from './client.ts'
import type { Cluster } from './cluster.ts'

const KSERVE = 'serving.kserve.io'

/** A Secret with an API key, by default for all services of its namespace. */
export const keySecret = (
  namespace: string,
  name: string,
  key: string,
  services?: string,
): Written => {
  noteCredential(key)
  const annotations = services === undefined ? {} : { 'kserve-authz.io/services': services }
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: {
      namespace,
      name,
      labels: { 'kserve-authz.io/credential': 'api-key' },
      annotations,
    },
    data: { api_key: Buffer.from(key).toString('base64') },
  }
}

type PodSpec = {
  /** Of the InferenceService. */
  readonly service: string
  readonly component?: string
  readonly containers?: readonly string[]
}

/** A pod of an InferenceService; by default it has a sidecar. */
export const pod = (
  namespace: string,
  name: string,
  { service, component = 'predictor', containers = ['kserve-container', 'istio-proxy'] }: PodSpec,
): Written => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: {
    namespace,
    name,
    labels: { 'serving.kserve.io/inferenceservice': service, component },
  },
  spec: { containers: containers.map((each) => ({ name: each, image: 'none' })) },
})

/** Creates a pod and sets its addresses, as a kubelet does. */
export async function runPod(cluster: Cluster, written: Written, ...ips: readonly string[]) {
  await cluster.create(written)
  await cluster.applyStatus(written, runningAt(...ips))
}

export const runningAt = (...ips: readonly string[]) => ({
  phase: 'Running',
  podIP: ips[0],
  podIPs: ips.map((ip) => ({ ip })),
})

/** `host`: the gateway's host, as KServe publishes it. */
export const llmInferenceService = (
  namespace: string,
  name: string,
  model: string,
  host?: string,
): Written => ({
  apiVersion: `${KSERVE}/v1alpha2`,
  kind: 'LLMInferenceService',
  metadata: { namespace, name },
  spec: { model: { uri: 'hf://x/y', name: model } },
  ...(host === undefined ? {} : { status: { url: `http://${host}/${namespace}/${name}` } }),
})

/** The parts of an LLMInferenceService. */
export const llmInferenceServiceConfig = (
  namespace: string,
  name: string,
  model: string,
): Written => ({
  apiVersion: `${KSERVE}/v1alpha2`,
  kind: 'LLMInferenceServiceConfig',
  metadata: { namespace, name },
  spec: { model: { uri: 'hf://x/y', name: model } },
})

export const inferenceGraph = (
  namespace: string,
  name: string,
  annotations: Readonly<Record<string, string>>,
): Written => ({
  apiVersion: `${KSERVE}/v1alpha1`,
  kind: 'InferenceGraph',
  metadata: { namespace, name, annotations },
  spec: { nodes: { root: { routerType: 'Sequence', steps: [{ serviceName: 'iris' }] } } },
})

/** KServe's own configuration, with this ingress. */
export const kserveConfiguration = (ingress: object): Written => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { namespace: 'kserve', name: 'inferenceservice-config' },
  data: { ingress: JSON.stringify(ingress) },
})
