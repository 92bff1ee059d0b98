// Reads KServe's ConfigMap.

import { type Ingress, parseObject, readIngress } from './ingress.ts'
import { textAt } from './object.ts'
import type { Problem } from './problem.ts'

/** KServe's ConfigMap `inferenceservice-config`, as far as routes depend on it. */
export type KserveConfiguration = {
  /** Key `ingress`; `undefined`: absent or unreadable. */
  readonly ingress: Ingress | undefined
  /** Key `deploy`: the default deployment mode; `undefined`: KServe's own default. */
  readonly defaultDeploymentMode: string | undefined
}

export const NO_CONFIGURATION: KserveConfiguration = {
  ingress: undefined,
  defaultDeploymentMode: undefined,
}

/** The name of KServe's ConfigMap, in KServe's namespace. */
export const CONFIG_MAP = 'inferenceservice-config'

/** Reads KServe's ConfigMap. Ignores what cannot be read. */
export function readKserveConfiguration(configMap: unknown): {
  readonly configuration: KserveConfiguration
  readonly problems: readonly Problem[]
} {
  const { ingress, problems } = readIngress(configMap)
  const deploy = textAt(configMap, 'data', 'deploy')
  const mode =
    deploy === undefined ? undefined : textAt(parseObject(deploy), 'defaultDeploymentMode')
  return { configuration: { ingress, defaultDeploymentMode: mode || undefined }, problems }
}
