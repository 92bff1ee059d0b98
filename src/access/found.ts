// The type of a service found at a gateway.

import type { Attached } from './asking.ts'
import type { Route } from './service.ts'
import type { Target } from './target.ts'

/** A service that a request may reach. `passes`: it may allow the request; otherwise it can only deny it. */
export type FoundTarget = {
  readonly target: Target
  readonly passes: boolean
  /** The route with exactly the request's host; `undefined`: none is certain. */
  readonly owner?: Attached | undefined
  /** The route that matches every request with this path; `undefined`: none does. */
  readonly certain?: Attached | undefined
  /** The catch-all route of a shared host. */
  readonly rest?: Route | undefined
}
