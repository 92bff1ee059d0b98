import type { Written } from '../cluster/client.ts'
import { metadata } from './rows.ts'

export const llm = (
  name: string,
  spec: object = {},
  more: object = {},
  namespace = 'team',
): Written => ({
  apiVersion: 'serving.kserve.io/v1alpha2',
  kind: 'LLMInferenceService',
  metadata: metadata(namespace, name, more),
  spec: {
    model: { uri: 'hf://example/model', name: name },
    replicas: 1,
    router: { route: {}, gateway: {}, scheduler: {} },
    ...spec,
  },
})
