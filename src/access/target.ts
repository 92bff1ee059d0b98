// The type of a target, and the order of targets.

import { compareTexts } from '../common/compare-texts.ts'
import type { Position } from './request.ts'
import type { Service } from './service.ts'
import type { Workload } from './workload.ts'

/** One service that a request may reach. */
export type Target = {
  readonly service: Service
  readonly position: Position
  /** The called pod; `undefined` at a gateway. */
  readonly workload: Workload | undefined
  /** The prefix that a gateway removes from the path; mostly `''`. */
  readonly pathPrefix: string
  /** Whether a route of the Gateway API selects it: one that the gateway named, or one that was read. */
  readonly bound?: boolean
  /** Whether the model receives another path, apart from the removed prefix. */
  readonly rewritten?: boolean
}

/** At least one: each of them must allow. */
export type Targets = readonly [Target, ...Target[]]

/** Sorted by kind, namespace and name; `undefined`: there are none. */
export function inOrder(targets: readonly Target[]): Targets | undefined {
  const [only] = targets
  if (only === undefined) return undefined
  if (targets.length === 1) return [only]
  const [first = only, ...others] = targets.toSorted((one, other) =>
    compareTexts(sortKey(one), sortKey(other)),
  )
  return [first, ...others]
}

// A space sorts before any character of a name.
const sortKey = ({ service }: Target): string =>
  `${service.kind} ${service.namespace} ${service.name}`
