// Decides whether a request needs no credential.

import type { EffectivePolicy } from './effective-policy.ts'
import { type Exclusions, isExcluded, isListed, isPreflight } from './exclusions.ts'
import { pathAtModel } from './operation.ts'
import type { AccessRequest } from './request.ts'
import { runsOnEveryPath } from './service.ts'
import type { Target } from './target.ts'

export type ExemptionSettings = {
  readonly exclusions: Exclusions
  readonly corsPreflight: 'deny' | 'allow'
}

/** Whether a request to this target needs no credential: its path is excluded, or it is an exempt preflight. */
export function isExempt(
  request: AccessRequest,
  target: Target,
  effectivePolicy: EffectivePolicy,
  { exclusions, corsPreflight }: ExemptionSettings,
): boolean {
  const listed =
    isExcluded(request, target, exclusions) ||
    isListed(request, effectivePolicy.exclusions, pathAtModel(request, target))
  return (
    // Paths are excluded as the model sees them.
    (listed && target.rewritten !== true) ||
    (corsPreflight === 'allow' && !runsOnEveryPath(target.service) && isPreflight(request))
  )
}
