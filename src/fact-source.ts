import type { IdentitySources } from './access/identify.ts'
import type { CacheCounts } from './observability/dependencies.ts'

/** Where services, pods, keys and permissions come from: a cluster, or a folder in its place. */
export type FactSource = Pick<IdentitySources, 'authenticateToken' | 'permits'> & {
  /** Whether all that it has was read at least once. */
  readonly synced: () => boolean
  readonly resources: () => readonly ResourceState[]
  /** Whether what is revoked counts no more at once, and not only when it is forgotten. */
  readonly revokesInstantly: () => boolean
  readonly caches: () => readonly CacheCounts[]
  readonly close: () => Promise<void>
}

/** One kind of objects that a source reads. */
export type ResourceState = {
  readonly resource: string
  readonly synced: boolean
  /** How often reading it had to begin anew. */
  readonly restarts: number
  /** When its source last said something of it, as `performance.now()`; `undefined`: never, or it does not say. */
  readonly heardAt?: number | undefined
  /** What stands in the way now, or is worth knowing; `''`: nothing. */
  readonly detail: string
}
