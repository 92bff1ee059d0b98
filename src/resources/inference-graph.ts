import type { Service } from '../access/service.ts'
import { clusterClaims, readClaims } from './claims.ts'
import type { KubernetesObject } from './object.ts'
import type { Raise } from './problem.ts'
import { isOptedOut, readProtection } from './protection.ts'
import { readMode } from './service-mode.ts'
import type { ReadSettings } from './settings.ts'

/** Reads a `serving.kserve.io` InferenceGraph. */
export function readInferenceGraph(
  object: KubernetesObject,
  settings: ReadSettings,
  raise: Raise,
): Service {
  const { namespace, name, content } = object
  return {
    kind: 'InferenceGraph',
    namespace,
    name,
    protection: readProtection(object, settings.protectByDefault, settings, raise),
    optedOut: isOptedOut(object, settings),
    ...readMode(object, settings, raise),
    claims: readClaims(clusterClaims(name, namespace), content, raise),
    model: undefined,
  }
}
