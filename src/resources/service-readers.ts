// How each kind of service is read.

import type { Service, ServiceKind } from '../access/service.ts'
import { readInferenceGraph } from './inference-graph.ts'
import { readInferenceService } from './inference-service.ts'
import { readLlmInferenceService } from './llm-inference-service.ts'
import type { KubernetesObject } from './object.ts'
import type { Raise } from './problem.ts'
import type { ReadSettings } from './read-settings.ts'

type ServiceReader = (object: KubernetesObject, settings: ReadSettings, raise: Raise) => Service

/** A kind of service without an entry does not compile. */
export const SERVICE_READERS: Readonly<Record<ServiceKind, ServiceReader>> = {
  InferenceService: readInferenceService,
  InferenceGraph: readInferenceGraph,
  LLMInferenceService: readLlmInferenceService,
}
