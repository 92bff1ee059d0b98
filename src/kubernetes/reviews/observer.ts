// The type that receives counts of calls to a cluster.

import type { DependencyCall } from '../../common/measurements.ts'

/** Counts calls to a cluster, and shed ones. */
export type Observer = {
  readonly asked: (asked: DependencyCall) => void
  /** A call was shed. */
  readonly shed: (cause: string) => void
}
