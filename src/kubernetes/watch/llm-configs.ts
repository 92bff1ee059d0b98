// Keeps the LLMInferenceServiceConfigs.

import { keptLlmConfig, type LlmConfig } from '../../resources/llm-config.ts'
import type { Handler } from './store.ts'

export type LlmConfigs = {
  readonly handler: Handler
  /** The config that an LLMInferenceService names: of its namespace, otherwise of KServe's namespace. */
  readonly find: (namespace: string, name: string) => LlmConfig | undefined
}

type ConfigParts = {
  readonly kserveNamespace: string
  /** Called when the LLMInferenceServices that name this config have to be read again. */
  readonly changed: (name: string) => void
}

/** Keeps the LLMInferenceServiceConfigs. */
export function createLlmConfigs({ kserveNamespace, changed }: ConfigParts): LlmConfigs {
  const configs = new Map<string, LlmConfig>()
  const nameOf = (key: string) => key.slice(key.indexOf('/') + 1)
  return {
    handler: {
      put: ({ key, content }) => {
        configs.set(key, keptLlmConfig(content))
        changed(nameOf(key))
      },
      remove: (key) => {
        if (configs.delete(key)) changed(nameOf(key))
      },
    },
    find: (namespace, name) =>
      configs.get(`${namespace}/${name}`) ?? configs.get(`${kserveNamespace}/${name}`),
  }
}
