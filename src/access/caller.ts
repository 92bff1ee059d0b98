// The type of a caller, and the kinds of credentials.

import type { ApiKey } from './api-key.ts'

/** The kinds of callers; the `credential_kind` label of the metrics. */
export const CREDENTIAL_KINDS = [
  'api-key',
  'jwt',
  'kubernetes',
  'mesh',
  'component',
  'anonymous',
] as const
export type CredentialKind = (typeof CREDENTIAL_KINDS)[number]

/** The properties by which kinds of callers differ. A kind without an entry does not compile. */
type Kind = {
  /** Whether rules see the caller as a user. A mesh peer is only a workload, and an anonymous caller nobody. */
  readonly isUser: boolean
  /** Whether a TokenReview, or its equivalent for folders, confirms the ServiceAccount. */
  readonly isVouchedFor: boolean
  /** Whether it presented a credential; another credential may then not help. */
  readonly hasCredential: boolean
}

const KINDS: Readonly<Record<CredentialKind, Kind>> = {
  'api-key': { isUser: true, isVouchedFor: false, hasCredential: true },
  jwt: { isUser: true, isVouchedFor: false, hasCredential: true },
  kubernetes: { isUser: true, isVouchedFor: true, hasCredential: true },
  mesh: { isUser: false, isVouchedFor: false, hasCredential: true },
  component: { isUser: true, isVouchedFor: false, hasCredential: true },
  anonymous: { isUser: false, isVouchedFor: false, hasCredential: false },
}

type OfKind = { readonly kind: CredentialKind }

export const isUser = ({ kind }: OfKind): boolean => KINDS[kind].isUser
export const isVouchedFor = ({ kind }: OfKind): boolean => KINDS[kind].isVouchedFor
export const hasCredential = ({ kind }: OfKind): boolean => KINDS[kind].hasCredential

/** A caller with a user name. */
export type NamedCaller = Caller & { readonly user: string }

/** All known groups of a caller. */
export const groupsOf = ({ groups, impliedGroups = [] }: Caller): readonly string[] =>
  impliedGroups.length === 0 ? groups : [...groups, ...impliedGroups]

export const isNamedCaller = (caller: Caller): caller is NamedCaller => caller.user !== undefined

/** A caller with a valid credential. */
export type Caller = {
  readonly kind: CredentialKind
  /** The name in Kubernetes, e.g. `system:serviceaccount:team:reader`; `undefined`: its token names no user. */
  readonly user: string | undefined
  /** The claim with the user name, if it presented a JWT. */
  readonly userClaim?: string
  readonly groups: readonly string[]
  /** Further groups for RBAC and rules that are not in its token. */
  readonly impliedGroups?: readonly string[]
  /** Whether it may have groups that the token leaves out or that cannot be read. */
  readonly moreGroups?: boolean
  readonly uid: string | undefined
  /** As in SubjectAccessReview: further attributes of the user, each with its values. */
  readonly extra: Readonly<Record<string, readonly string[]>>
  /** Whether user and groups are names in Kubernetes' RBAC. */
  readonly inRbac: boolean
  /** How the decision log names the credential: a Secret's name, a ServiceAccount, or an issuer and subject. */
  readonly reference: string
  /** Its identity in the mesh, `<trust domain>/ns/<namespace>/sa/<name>`, if that admits it. */
  readonly principal?: string
  /** The presented API key, if any. */
  readonly apiKey?: ApiKey
  /** The provider of the presented JWT, if any. */
  readonly provider?: string
  /** The token's, if it presented a JWT. */
  readonly audiences?: readonly string[]
  /** The claims of the presented JWT, if any. */
  readonly claims?: Readonly<Record<string, unknown>>
}
