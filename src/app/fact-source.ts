import type { Fact } from '../access/freshness.ts'
import type { IdentitySources } from '../access/identify.ts'
import type { PolicyStatus } from '../access/policy-status.ts'
import type { Verifications } from '../access/queue-key.ts'
import type { Config } from '../config/read-config.ts'
import type { OnLeftOut } from '../envoy/identity-headers.ts'
import type { DependencyCall, MeasuredCache } from '../observability/dependency-metrics.ts'
import type { Problem } from '../resources/problem.ts'

/** Where services, pods, keys and permissions come from: a cluster, or a folder in its place. */
export type FactSource = Pick<IdentitySources, 'authenticateToken' | 'permits'> & {
  /** Whether all that it has was read at least once. */
  readonly synced: () => boolean
  readonly resources: () => readonly ResourceState[]
  /** When all that is known of a fact was last confirmed, as `performance.now()`; -Infinity: never. */
  readonly heardAt: (fact: Fact) => number
  /** Whether what is revoked counts no more at once, and not only when it is forgotten. */
  readonly revokesInstantly: () => boolean
  readonly caches: () => readonly MeasuredCache[]
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

/** Where a source is, and whom it tells what. */
export type FactSourceParts = {
  readonly config: Config
  /** A folder in place of the cluster. */
  readonly manifests: string | undefined
  readonly reportProblem: (problem: Problem) => void
  readonly reportFault: (message: string, error: unknown) => void
  /** A kind of objects cannot be read at the moment. */
  readonly reportOutage: (resource: string, message: string) => void
  readonly observeDependency?: (asked: DependencyCall) => void
  /**
   * Told what becomes of the policies of a folder; a cluster is told in their status. Absent: neither is.
   */
  readonly reportPolicyStatus?: (policy: string, policyStatus: PolicyStatus) => void
  /** Told of entries among a token's groups that cannot be read. */
  readonly observeOddGroups?: (provider: string, count: number) => void
  /** Told of a value of a caller that no header for the model can carry. */
  readonly observeLeftOut?: OnLeftOut
  /** The variables that name proxies; absent: none is used. */
  readonly proxies?: Readonly<Record<string, string | undefined>>
  /** Something was refused because it would have been too much. */
  readonly observeShed?: (cause: string) => void
}

/** With what all sources share. */
export type SharedSourceParts = FactSourceParts & {
  /** Of the cluster's tokens and of identity providers' together. */
  readonly verifications: Verifications
}
