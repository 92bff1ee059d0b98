import type { ApiKey } from './api-key.ts'

/** How a caller was recognized; the `credential_kind` label of the metrics. */
export const CREDENTIAL_KINDS = [
  'api-key',
  'jwt',
  'kubernetes',
  'mesh',
  'component',
  'anonymous',
] as const
export type CredentialKind = (typeof CREDENTIAL_KINDS)[number]

/** What a kind of credential means where callers are told apart. One that is not here does not compile. */
type Kind = {
  /** Whether the caller is a user to rules, and not only a place in the mesh, or nobody. */
  readonly isUser: boolean
  /** Whether a TokenReview, or a stand-in for one, vouches for the name of a ServiceAccount. */
  readonly isVouchedFor: boolean
  /** Whether it showed a credential, so that another one may not help. */
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

/** A caller that can be asked for where users have permissions. */
export type NamedCaller = Caller & { readonly user: string }

/** All groups that are known of a caller. */
export const groupsOf = ({ groups, impliedGroups = [] }: Caller): readonly string[] =>
  impliedGroups.length === 0 ? groups : [...groups, ...impliedGroups]

export const isNamedCaller = (caller: Caller): caller is NamedCaller => caller.user !== undefined

/** Somebody whose credential was found good. */
export type Caller = {
  readonly kind: CredentialKind
  /** As Kubernetes names it, e.g. `system:serviceaccount:team:reader`; `undefined`: its token names no user. */
  readonly user: string | undefined
  /** The claim that names the user, if a JWT was shown. */
  readonly userClaim?: string
  readonly groups: readonly string[]
  /** Further groups, to RBAC and to rules, of which its token says nothing. */
  readonly impliedGroups?: readonly string[]
  /** Whether it may have further groups, which the token leaves out or which cannot be read. */
  readonly moreGroups?: boolean
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
  /** Of the token, if a JWT was shown. */
  readonly audiences?: readonly string[]
  /** What the token says of the caller, if a JWT of an identity provider was shown. */
  readonly claims?: Readonly<Record<string, unknown>>
}
