import type { Attached } from './asking.ts'
import type { Route } from './service.ts'
import type { Target } from './target.ts'

/** A service that a request may reach; `passes`: whether it can let the request pass, or only refuse it. */
export type FoundTarget = {
  readonly target: Target
  readonly passes: boolean
  /** The route that has the very host of the request; `undefined`: none that is certain. */
  readonly owner?: Attached | undefined
  /** Whether its route takes each request with this path. */
  readonly certain?: boolean
  /** Of a shared host, the claim of what no other route takes. */
  readonly rest?: Route | undefined
}
