/** The answer to one request. There is no third outcome: what is not an Allow is a Deny. */
export type Decision = Allow | Deny

export type Allow = {
  readonly outcome: 'allow'
  /** Who was let in; `undefined` where nobody was asked: an open service, an excluded path. */
  readonly identity: Identity | undefined
  /** Where the credential stands that must not travel on; empty: it stays, or there is none. */
  readonly consumed: readonly CredentialPlace[]
}

export type Deny = { readonly outcome: 'deny'; readonly reason: DenyReason }

/** What the model is told of the caller. */
export type Identity = {
  readonly user: string
  readonly groups: readonly string[]
  readonly method: CredentialKind
}

/** Where in a request a credential stands: a header, or one cookie of the Cookie header. */
export type CredentialPlace =
  | { readonly kind: 'header'; readonly name: string }
  | { readonly kind: 'cookie'; readonly name: string }

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

/** Every way to be refused. A new one is a compile error until each table over it has a row. */
export const DENY_REASONS = [
  'missing-credential',
  'malformed-credential',
  'ambiguous-credential',
  'unknown-api-key',
  'expired-api-key',
  'invalid-token',
  'expired-token',
  'wrong-audience',
  'unknown-issuer',
  'not-permitted',
  'denied-by-rule',
  'key-not-for-service',
  'unknown-target',
  'conflicting-target',
  'unsupported-request',
  'policy-invalid',
  'authentication-unavailable',
  'authorization-unavailable',
  'not-synced',
  'overloaded',
  'deadline-exceeded',
  'internal',
] as const
export type DenyReason = (typeof DENY_REASONS)[number]

/** Everybody may; nobody was asked who he is. */
export const OPEN: Allow = { outcome: 'allow', identity: undefined, consumed: [] }

export const allow = (identity: Identity, consumed: readonly CredentialPlace[] = []): Allow => ({
  outcome: 'allow',
  identity,
  consumed,
})

export const deny = (reason: DenyReason): Deny => ({ outcome: 'deny', reason })
