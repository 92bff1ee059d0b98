import type { Exclusion } from './exclusions.ts'
import type { Rule } from './rule.ts'
import type { ServiceKind } from './service.ts'

/** What an AccessPolicy says of the services that it names. */
export type Policy = {
  readonly namespace: string
  readonly name: string
  /** `undefined`: every service of the namespace. */
  readonly targets: readonly PolicyTarget[] | undefined
  /** `shadow`: evaluated and told, never enforced. `none`: that is not allowed here, so neither. */
  readonly mode: 'enforce' | 'shadow' | 'none'
  /** `undefined`: it cannot be read; then its targets are closed. */
  readonly terms: PolicyTerms | undefined
}

export type PolicyTarget = { readonly kind: ServiceKind; readonly name: string }

export type PolicyTerms = {
  /** `undefined`: what the installation accepts. */
  readonly accepted: AcceptedCredentials | undefined
  /** Whoever one of these matches is denied. */
  readonly deny: readonly Rule[]
  /** Whoever none of these matches is denied; `undefined`: RBAC, or the key's scope, decides. */
  readonly allow: readonly Rule[] | undefined
  readonly exclusions: readonly Exclusion[]
  /** Further headers for the model, each with the claim whose text it carries. */
  readonly headers: Readonly<Record<string, string>>
}

/** Which credentials a policy accepts at all. */
export type AcceptedCredentials = {
  readonly kubernetes: { readonly audiences: readonly string[] | undefined } | undefined
  /** Every label must be on the key's Secret; empty: any key. */
  readonly apiKeys: { readonly labels: ReadonlyMap<string, string> } | undefined
  /** Of these providers of the installation. */
  readonly jwt: readonly AcceptedProvider[]
  readonly mesh: boolean
  readonly anonymous: boolean
}

type AcceptedProvider = {
  readonly provider: string
  readonly audiences: readonly string[] | undefined
}
