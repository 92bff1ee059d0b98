// The type of a pod of a service.

import type { ServiceRef } from './service.ts'

/** The component of a service that a pod runs: `graph` is a graph's router, `llm` an LLM's model server. */
export const COMPONENTS = ['predictor', 'transformer', 'explainer', 'graph', 'llm'] as const
export type Component = (typeof COMPONENTS)[number]

/**
 * The additional role of a pod of an LLMInferenceService. `decode`: it forwards requests to `prefill` pods. `both`:
 * it does so if there are any. `scheduler`: it answers gateways, and no client.
 */
export type LlmRole = 'decode' | 'prefill' | 'both' | 'scheduler'

/** A running pod of a service. Finished and hostNetwork pods are never workloads. */
export type Workload = {
  readonly namespace: string
  readonly name: string
  /** Every pod IP, in the form of `canonicalAddress`. */
  readonly addresses: readonly string[]
  readonly serviceAccount: string
  readonly service: ServiceRef
  /** `undefined`: the pod's labels name no known component; it has no excluded paths. */
  readonly component: Component | undefined
  readonly role?: LlmRole
  /** Whether a container or init container is named `istio-proxy`. */
  readonly sidecar: boolean
  /** Whether Knative runs it: a request for its service may pass a gateway twice. */
  readonly knative: boolean
}
