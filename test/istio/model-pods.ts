import type { Written } from '../../testing/cluster/client.ts'

type PodSpec = {
  readonly labels?: Readonly<Record<string, string>>
  readonly annotations?: Readonly<Record<string, string>>
  readonly spec?: Readonly<Record<string, unknown>>
  readonly container?: object
  readonly sidecar?: object | null
}

export const MODEL = { 'serving.kserve.io/inferenceservice': 'iris', component: 'predictor' }

export const SIDECAR = { securityContext: { runAsUser: 1337, runAsGroup: 1337 } }

/** The pod after Istio's webhook has changed it. */
export function aModelPod({
  labels = MODEL,
  annotations = {},
  spec = {},
  container = {},
  sidecar = SIDECAR,
}: PodSpec = {}): Written {
  const containers = [
    { name: 'kserve-container', image: 'none', ...container },
    ...(sidecar === null ? [] : [{ name: 'istio-proxy', image: 'none', ...sidecar }]),
  ]
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { namespace: 'team', name: 'tried', labels, annotations },
    spec: { containers, ...spec },
  }
}

export const security = (securityContext: object) => ({ securityContext })

export const inferenceService = (metadata: object, spec: object = { predictor: {} }): Written => ({
  apiVersion: 'serving.kserve.io/v1beta1',
  kind: 'InferenceService',
  metadata: { namespace: 'team', name: 'tried', ...metadata },
  spec,
})

export const llm = (spec: object): Written => ({
  apiVersion: 'serving.kserve.io/v1alpha2',
  kind: 'LLMInferenceService',
  metadata: { namespace: 'team', name: 'tried' },
  spec,
})
