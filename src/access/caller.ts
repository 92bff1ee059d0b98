import type { ApiKey } from './api-key.ts'

/** How a caller was recognized; the `method` label of the metrics. */
export const CREDENTIAL_KINDS = [
  'api-key',
  'jwt',
  'kubernetes',
  'mesh',
  'component',
  'anonymous',
] as const
export type CredentialKind = (typeof CREDENTIAL_KINDS)[number]

/** Somebody whose credential was found good. */
export type Caller = {
  readonly kind: CredentialKind
  /** As Kubernetes names it, e.g. `system:serviceaccount:team:reader`. */
  readonly user: string
  readonly groups: readonly string[]
  readonly uid: string | undefined
  /** As in SubjectAccessReview: more attributes of the user, each with its values. */
  readonly extra: Readonly<Record<string, readonly string[]>>
  /** Whether user and groups are names that Kubernetes' RBAC knows. */
  readonly inRbac: boolean
  /** What the decision log may say of the credential: a Secret's name, a ServiceAccount, an issuer and subject. */
  readonly reference: string
  /** Its identity in the mesh, `<trust domain>/ns/<namespace>/sa/<name>`, if that is what lets it in. */
  readonly principal?: string
  /** The key that was shown, if one was. */
  readonly apiKey?: ApiKey
  /** Of the installation, if a JWT of one was shown. */
  readonly provider?: string
  /** What the token says of the caller, if a JWT of an identity provider was shown. */
  readonly claims?: Readonly<Record<string, unknown>>
}
