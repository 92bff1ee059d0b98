import type { Service } from '../access/service.ts'
import { namedServiceClaims } from './named-service-claims.ts'
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
  const { namespace, name } = object
  return {
    kind: 'InferenceGraph',
    namespace,
    name,
    protection: readProtection(object, settings.protectByDefault, settings, raise),
    optedOut: isOptedOut(object, settings),
    ...readMode(object, settings, raise),
    claims: namedServiceClaims(object, [name], [], settings, raise),
  }
}
