import type { Service } from '../access/service.ts'
import { clusterClaims, readClaims } from './claims.ts'
import { ingressClaims } from './ingress-claims.ts'
import { isSubdomainName, type KubernetesObject, textAt } from './object.ts'
import type { Raise } from './problem.ts'
import { isOptedOut, readProtection } from './protection.ts'
import { readMode } from './service-mode.ts'
import type { ReadSettings } from './settings.ts'

/** Reads a `serving.kserve.io` InferenceService. Its claims: names in the cluster, those of KServe's
 * configuration, URLs of its status. */
export function readInferenceService(
  object: KubernetesObject,
  settings: ReadSettings,
  raise: Raise,
): Service {
  const { namespace, name, content } = object
  const hosts = [name, `${name}-predictor`, `${name}-transformer`, `${name}-explainer`]
  const canary = textAt(content, 'spec', 'predictor', 'name')
  if (canary !== undefined && isSubdomainName(canary)) hosts.push(`${name}-${canary}-predictor`)
  const { ingress } = settings
  const named = [
    ...hosts.flatMap((host) => clusterClaims(host, namespace)),
    ...(ingress === undefined ? [] : ingressClaims(object, ingress)),
  ]
  return {
    kind: 'InferenceService',
    namespace,
    name,
    protection: readProtection(object, settings.protectByDefault, settings, raise),
    optedOut: isOptedOut(object, settings),
    ...readMode(object, settings, raise),
    claims: readClaims(named, content, raise),
    model: undefined,
  }
}
