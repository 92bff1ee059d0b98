import type { Service } from '../access/service.ts'
import { clusterClaims, pathClaim, readClaims } from './claims.ts'
import { type KubernetesObject, textAt } from './object.ts'
import type { Raise } from './problem.ts'
import { isOptedOut, readProtection } from './protection.ts'
import { readMode } from './service-mode.ts'
import type { ReadSettings } from './settings.ts'

/**
 * Reads a `serving.kserve.io` LLMInferenceService. It is routed by path on hosts that it shares, so
 * it claims its paths on any host. A model without a name has its service's (KServe's default).
 */
export function readLlmInferenceService(
  object: KubernetesObject,
  settings: ReadSettings,
  raise: Raise,
): Service {
  const { namespace, name, content } = object
  const model = textAt(content, 'spec', 'model', 'name') || name
  const own = pathClaim(`/${namespace}/${name}`)
  const published = pathClaim(`/publishers/${namespace}/models/${model}`)
  if (published === undefined)
    raise(
      'UnreadableModelName',
      'spec.model.name cannot stand in a path: /publishers/ is not served',
    )
  const named = [own, published].filter((claim) => claim !== undefined)
  return {
    kind: 'LLMInferenceService',
    namespace,
    name,
    protection: readProtection(object, true, settings, raise),
    optedOut: isOptedOut(object, settings),
    ...readMode(object, settings, raise),
    claims: readClaims(
      [...named, ...clusterClaims(`${name}-kserve-workload-svc`, namespace)],
      content,
      raise,
    ),
    model,
  }
}
