import type { Caller } from './caller.ts'
import type { TokenRefusal } from './token-refusal.ts'

/** The answer to one request. There is no third outcome: what is not an Allow is a Deny. */
export type Decision = Allow | Deny

export type Allow = {
  readonly outcome: 'allow'
  /** Who was let in; `undefined` where nobody was asked: an open service, an excluded path. */
  readonly caller: Caller | undefined
  /** Where the credential stands that must not travel on; empty: it stays, or there is none. */
  readonly consumed: readonly CredentialPlace[]
  /** Further headers that policies ask for, each with the claim whose text it carries. */
  readonly claimHeaders: ClaimHeaders
}

/** By the name of the header; `undefined`: policies disagree on the claim, so it is never set. */
export type ClaimHeaders = Readonly<Record<string, string | undefined>>

const NO_HEADERS: ClaimHeaders = {}

export type Deny = {
  readonly outcome: 'deny'
  readonly reason: DenyReason
  /** Which check a token did not pass; absent: it was no token, or that is not why. */
  readonly refusal?: TokenRefusal
}

/** Where in a request a credential stands: a header, a cookie, or the subprotocol of a WebSocket with this prefix. */
export type CredentialPlace =
  | { readonly kind: 'header'; readonly name: string }
  | { readonly kind: 'cookie'; readonly name: string }
  | { readonly kind: 'subprotocol'; readonly name: string }

/** Every way to be refused. A new one is a compile error until each table over it has a row. */
export const DENY_REASONS = [
  'missing-credential',
  'malformed-credential',
  'ambiguous-credential',
  'credential-too-long',
  'unknown-api-key',
  'expired-api-key',
  'invalid-token',
  'expired-token',
  'wrong-audience',
  'unknown-issuer',
  'not-permitted',
  'denied-by-rule',
  'groups-unknown',
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

/** Let in without being asked who it is. */
export const OPEN: Allow = {
  outcome: 'allow',
  caller: undefined,
  consumed: [],
  claimHeaders: NO_HEADERS,
}

export const allow = (caller: Caller, consumed: readonly CredentialPlace[] = []): Allow => ({
  outcome: 'allow',
  caller,
  consumed,
  claimHeaders: NO_HEADERS,
})

export const deny = (reason: DenyReason, refusal?: TokenRefusal): Deny =>
  refusal === undefined ? { outcome: 'deny', reason } : { outcome: 'deny', reason, refusal }

/** What two sides ask for together, whichever comes first. */
export function mergeHeaders(one: ClaimHeaders, other: ClaimHeaders): ClaimHeaders {
  const merged = new Map(Object.entries(one))
  for (const [name, claim] of Object.entries(other)) {
    merged.set(name, merged.has(name) && merged.get(name) !== claim ? undefined : claim)
  }
  return Object.fromEntries(merged)
}
