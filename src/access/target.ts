import type { Position } from './request.ts'
import type { Service } from './service.ts'
import type { Workload } from './workload.ts'

/** One service that a request may reach. */
export type Target = {
  readonly service: Service
  readonly position: Position
  /** The pod that is asked; `undefined` at a gateway. */
  readonly workload: Workload | undefined
  /** What a gateway cuts from the path on its way to the model; `''` mostly. */
  readonly pathPrefix: string
}

/** At least one: each of them must allow. */
export type Targets = readonly [Target, ...Target[]]

/** In order of kind, namespace and name; `undefined` where there is none. */
export function inOrder(targets: readonly Target[]): Targets | undefined {
  const [only] = targets
  if (only === undefined) return undefined
  if (targets.length === 1) return [only]
  const [first = only, ...others] = targets.toSorted((one, other) =>
    compare(sortKey(one), sortKey(other)),
  )
  return [first, ...others]
}

// A space sorts before whatever a name can hold.
const sortKey = ({ service }: Target): string =>
  `${service.kind} ${service.namespace} ${service.name}`

const compare = (one: string, other: string): number => (one < other ? -1 : one > other ? 1 : 0)
