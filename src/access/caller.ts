import type { CredentialKind, DenyReason } from './decision.ts'

/** Somebody whose credential was found good. */
export type Caller = {
  readonly kind: CredentialKind
  /** As Kubernetes names it, e.g. `system:serviceaccount:team:reader`. */
  readonly user: string
  readonly groups: readonly string[]
  readonly uid: string | undefined
  /** As in SubjectAccessReview: more attributes of the user, each with its values. */
  readonly extra: Readonly<Record<string, readonly string[]>>
  /** What the decision log may say of the credential: a Secret's name, a ServiceAccount, an issuer and subject. */
  readonly reference: string
}

/** What became of a credential that was looked at. */
export type Authentication =
  | { readonly kind: 'known'; readonly caller: Caller }
  | { readonly kind: 'rejected'; readonly reason: DenyReason }

export const rejected = (reason: DenyReason): Authentication => ({ kind: 'rejected', reason })
