// The type of a source of facts: a cluster or a folder.

import type { NamedCaller } from '../access/caller.ts'
import type { Fact } from '../access/freshness.ts'
import type { IdentitySources } from '../access/identify.ts'
import type { ResourceAttributes } from '../access/permissions.ts'
import type { PolicyStatus } from '../access/policy-status.ts'
import type { Verifications } from '../access/queue-key.ts'
import type { Service, ServiceRef } from '../access/service.ts'
import type { MaybePromise } from '../common/maybe-promise.ts'
import type { CacheCounts, DependencyCall } from '../common/measurements.ts'
import type { Config } from '../config/read-config.ts'
import type { OnLeftOut } from '../envoy/identity-headers.ts'
import type { UnguardedCounts } from '../kubernetes/status/unguarded-services.ts'
import type { Grantee } from '../manifests/rbac-authorizer.ts'
import type { GuardVerdict } from '../resources/guard.ts'
import type { Notice, Problem } from '../resources/problem.ts'
import type { DecodeToken } from '../tokens/decode-token.ts'
import type { MetricsReaders } from './metrics-readers.ts'
import type { ObserveProtection } from './protection-changes.ts'

/** Where services, pods, keys and permissions come from: a cluster or a folder. */
export type FactSource = Pick<IdentitySources, 'authenticateToken' | 'permits' | 'grants'> & {
  readonly metricsReaders: MetricsReaders
  /** The subjects to whom RBAC grants a permission. Rejects if Roles and bindings cannot be read. */
  readonly grantees: (attributes: ResourceAttributes) => MaybePromise<readonly Grantee[]>
  /** Whether everything has been read at least once. */
  readonly synced: () => boolean
  readonly resources: () => readonly ResourceState[]
  /** When all data about a fact was last confirmed, as `performance.now()`; -Infinity: never. */
  readonly heardAt: (fact: Fact) => number
  /** Whether revocations take effect immediately, not only when cache entries expire. */
  readonly revokesInstantly: () => boolean
  readonly caches: () => readonly CacheCounts[]
  /** Tells the owner of a service; absent: nothing to write it to. */
  readonly tellOwner?: (notice: Notice, service: ServiceRef) => void
  /** The numbers of protected services that no proxy asks about; absent: it is not watched. */
  readonly unguarded?: () => UnguardedCounts
  /** Whether a proxy asks about each request to a service; absent: it was not looked at. */
  readonly guardOf?: (service: Service) => GuardVerdict
  readonly close: () => Promise<void>
}

/** One kind of objects that a source reads. */
export type ResourceState = {
  readonly resource: string
  readonly synced: boolean
  /** How often reading it had to restart. */
  readonly restarts: number
  /** When its source last confirmed it, as `performance.now()`; `undefined`: never, or not known. */
  readonly heardAt?: number | undefined
  /** Whether it may not be read, and is optional. */
  readonly withheld?: boolean
  /** A current problem or remark; `''`: none. */
  readonly detail: string
}

/** A look at the facts by a command: nothing is written to the cluster, and nothing is followed. */
type Inspection = {
  /** The only namespace to look at: what is elsewhere is read as far as permissions allow. Absent: all. */
  readonly namespace?: string | undefined
  /** Callers to decide about, as if each had presented a credential. */
  readonly assumed?: readonly Assumed[]
  /** Whether to read the policies by which proxies ask, for `guardOf`. */
  readonly guards?: boolean
}

/** The caller whom the credential with this digest stands for. */
export type Assumed = {
  readonly digest: string
  readonly as: { readonly caller: NamedCaller } | { readonly key: string }
}

/** What a source needs. */
export type FactSourceParts = {
  readonly config: Config
  /** A folder to read instead of a cluster. */
  readonly manifests: string | undefined
  readonly reportProblem: (problem: Problem) => void
  readonly reportFault: (message: string, error: unknown) => void
  /** Called when a kind of objects cannot be read at the moment. `lasting`: another attempt would fail in the same way. */
  readonly reportOutage: (resource: string, message: string, lasting?: boolean) => void
  /** Absent: the program is the service, which writes events. */
  readonly inspection?: Inspection | undefined
  readonly observeDependency?: (asked: DependencyCall) => void
  /**
   * Called when the status of a policy of a folder changes. In a cluster, the policy's own status shows it.
   * Absent: neither happens.
   */
  readonly reportPolicyStatus?: (policy: string, policyStatus: PolicyStatus) => void
  /** Called when the protection of a service changes, and once for all services at start. Absent: neither. */
  readonly reportProtection?: (notice: Notice) => void
  readonly observeProtection?: ObserveProtection
  /** Called for groups of a token that cannot be read. */
  readonly observeOddGroups?: (provider: string, count: number) => void
  /** Called for a value of a caller that no header for the model can carry. */
  readonly observeLeftOut?: OnLeftOut
  /** The environment variables that name HTTP proxies; absent: none is used. */
  readonly proxies?: Readonly<Record<string, string | undefined>>
  /** Called when work is shed. */
  readonly observeShed?: (cause: string) => void
}

/** With the parts that all sources share. */
export type SharedSourceParts = FactSourceParts & {
  /** Shared by the cluster's tokens and the tokens of identity providers. */
  readonly verifications: Verifications
  readonly decodeToken: DecodeToken
}

/** With what only a cluster needs. */
export type ClusterSourceParts = SharedSourceParts & {
  /** Whether a service needs a check, by its declaration and policies. */
  readonly isProtected: (service: Service) => boolean
}
