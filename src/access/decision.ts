// The type of a decision, and the closed list of reasons for a denial.

import type { Caller } from './caller.ts'
import type { TokenRefusal } from './token-refusal.ts'

/** The answer to one request: whatever is not an Allow is a Deny. */
export type Decision = Allow | Deny

export type Allow = {
  readonly outcome: 'allow'
  /** The admitted caller; `undefined`: the service is open, or the path is excluded. */
  readonly caller: Caller | undefined
  /** The places from which the credential is removed; empty: it stays, or there is none. */
  readonly consumed: readonly CredentialPlace[]
  /** Further headers that policies set, each with the claim whose value it carries. */
  readonly claimHeaders: ClaimHeaders
}

/** By header name; `undefined`: policies disagree about the claim, so the header is never set. */
export type ClaimHeaders = Readonly<Record<string, string | undefined>>

const NO_HEADERS: ClaimHeaders = {}

export type Deny = {
  readonly outcome: 'deny'
  readonly reason: DenyReason
  /** The check that a token failed; absent: not a token, or another cause. */
  readonly refusal?: TokenRefusal
}

/** Where a request carries a credential: a header, a cookie, or the subprotocol of a WebSocket with this prefix. */
export type CredentialPlace =
  | { readonly kind: 'header'; readonly name: string }
  | { readonly kind: 'cookie'; readonly name: string }
  | { readonly kind: 'subprotocol'; readonly name: string }

/** Every reason for a denial. A new one does not compile until each table over it has a row. */
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

/** An allow without authentication. */
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

/** The headers of both, independent of their order. */
export function mergeHeaders(one: ClaimHeaders, other: ClaimHeaders): ClaimHeaders {
  const merged = new Map(Object.entries(one))
  for (const [name, claim] of Object.entries(other)) {
    merged.set(name, merged.has(name) && merged.get(name) !== claim ? undefined : claim)
  }
  return Object.fromEntries(merged)
}
