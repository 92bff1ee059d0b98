// The type of an AccessPolicy.

import type { Exclusion } from './exclusions.ts'
import type { Rule } from './rule.ts'
import type { ServiceKind } from './service.ts'

/** An AccessPolicy as read. */
export type Policy = {
  readonly namespace: string
  readonly name: string
  /** `undefined`: every service of the namespace. */
  readonly targets: readonly PolicyTarget[] | undefined
  /**
   * `shadow`: evaluated and logged, never enforced. `none`: shadow, which this installation does not allow,
   * so it has no effect.
   */
  readonly mode: 'enforce' | 'shadow' | 'none'
  /** `undefined`: it cannot be read, so its targets are closed. */
  readonly terms: PolicyTerms | undefined
}

export type PolicyTarget = { readonly kind: ServiceKind; readonly name: string }

export type PolicyTerms = {
  /** `undefined`: the installation's defaults. */
  readonly accepted: AcceptedCredentials | undefined
  /** A caller that one of these matches is denied. */
  readonly deny: readonly Rule[]
  /** A caller that none of these matches is denied; `undefined`: RBAC or the key's scope decides. */
  readonly allow: readonly Rule[] | undefined
  readonly exclusions: readonly Exclusion[]
  /** Further headers for the model, each with the claim whose value it carries. */
  readonly headers: Readonly<Record<string, string>>
}

/** The credentials a policy accepts. */
export type AcceptedCredentials = {
  readonly kubernetes: { readonly audiences: readonly string[] | undefined } | undefined
  /** The key's Secret must have every label; empty: any key. */
  readonly apiKeys: { readonly labels: ReadonlyMap<string, string> } | undefined
  /** JWTs of these providers of the installation. */
  readonly jwt: readonly AcceptedProvider[]
  readonly mesh: boolean
  readonly anonymous: boolean
}

type AcceptedProvider = {
  readonly provider: string
  /** How messages show its name, if the installation has no such provider. */
  readonly unconfigured?: string
  readonly audiences: readonly string[] | undefined
}
