// Keeps KServe's ConfigMap.

import type { ModelHeaders } from '../../access/directory.ts'
import {
  CONFIG_MAP,
  type KserveConfiguration,
  NO_CONFIGURATION,
  readKserveConfiguration,
} from '../../resources/kserve-configuration.ts'
import { textAt } from '../../resources/object.ts'
import type { Problem } from '../../resources/problem.ts'
import type { Handler } from './store.ts'

type ConfigurationParts = {
  readonly kserveNamespace: string
  readonly modelHeaders: ModelHeaders
  readonly report: (problem: Problem) => void
  /** Called when its content has changed. */
  readonly changed: () => void
}

/** Keeps KServe's own ConfigMap, as far as routes depend on it; KServe's defaults if there is none. */
export function createKserveConfiguration({
  kserveNamespace,
  modelHeaders,
  report,
  changed,
}: ConfigurationParts): {
  readonly handler: Handler
  /** Called once it has been read: reports if there is none. */
  readonly read: () => void
  readonly current: () => KserveConfiguration
} {
  let text = ''
  let isThere = false
  let told = false
  let current = NO_CONFIGURATION

  const set = (content: unknown) => {
    isThere = content !== undefined
    const next = JSON.stringify(['ingress', 'deploy'].map((key) => textAt(content, 'data', key)))
    if (next === text) return
    text = next
    const { configuration, problems } = readKserveConfiguration(content)
    current = configuration
    // Gateways keep the header of the last configuration that KServe could read.
    if (configuration.ingress !== undefined) modelHeaders.set(configuration.ingress.modelHeader)
    problems.forEach(report)
    changed()
  }
  return {
    handler: { put: ({ content }) => set(content), remove: () => set(undefined) },
    read: () => {
      if (isThere || told) return
      told = true
      report({
        object: `ConfigMap ${kserveNamespace}/${CONFIG_MAP}`,
        reason: 'NoKserveConfiguration',
        message:
          "it does not exist, so KServe's defaults are assumed: if KServe runs in another namespace, set kubernetes.kserveNamespace",
      })
    },
    current: () => current,
  }
}
