// Gives objects that are kept the parts in which they are equal in common.

import { sharingKey } from './api-key.ts'
import type { Problem } from './problem.ts'
import type { ResourceReading } from './resource.ts'

const NO_PROBLEMS: readonly Problem[] = []

/** To be called last: a copy would have its own parts again. Only keys are so many that it counts. */
export function sharingParts(reading: ResourceReading): ResourceReading {
  const { identity, resource, problems } = reading
  if (resource.kind !== 'api-key') return reading
  return {
    identity,
    resource: { kind: 'api-key', key: sharingKey(resource.key) },
    problems: problems.length === 0 ? NO_PROBLEMS : problems,
  }
}
