// Reads the targets of policies of Istio and Envoy Gateway.

import { listAt, textAt, valueAt } from './object.ts'

/** `kind name` of the objects in `targetRef` and `targetRefs`. */
export function readTargets(content: unknown): ReadonlySet<string> {
  const refs = [valueAt(content, 'spec', 'targetRef'), ...listAt(content, 'spec', 'targetRefs')]
  return new Set(
    refs
      .filter((ref) => ref !== undefined)
      .map((ref) => `${textAt(ref, 'kind')} ${textAt(ref, 'name')}`),
  )
}
