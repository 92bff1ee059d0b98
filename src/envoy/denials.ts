// The table of status codes and phrases of denials.

import { status } from '@grpc/grpc-js'
import type { DenyReason } from '../access/decision.ts'
import type { TokenCause } from '../access/token-refusal.ts'

type Class = {
  /** The gRPC code, for traces; Envoy only checks whether it is 0. */
  readonly code: 7 | 13 | 14 | 16
  /** Never 404 or 503 for an unknown target: Knative's prober takes those for "not ready". */
  readonly httpStatus: 401 | 403 | 500 | 503
}

const UNAUTHENTICATED: Class = { code: status.UNAUTHENTICATED, httpStatus: 401 }
const FORBIDDEN: Class = { code: status.PERMISSION_DENIED, httpStatus: 403 }
const UNAVAILABLE: Class = { code: status.UNAVAILABLE, httpStatus: 503 }
const INTERNAL: Class = { code: status.INTERNAL, httpStatus: 500 }

/** What a client sees of a denial: a fixed phrase, never the text of another program's error. */
export type Denial = Class & {
  readonly phrase: string
  /** `error` of the challenge (RFC 6750 section 3.1); `undefined`: the bare challenge. */
  readonly error: 'invalid_token' | undefined
}

const denial = (kind: Class, phrase: string): Denial => ({ ...kind, phrase, error: undefined })

const invalid = (phrase: string): Denial => ({ ...UNAUTHENTICATED, phrase, error: 'invalid_token' })

/** The wire form of each reason. */
export const DENIALS: Readonly<Record<DenyReason, Denial>> = {
  'missing-credential': denial(UNAUTHENTICATED, 'credential not found'),
  'malformed-credential': invalid('credential is malformed'),
  'ambiguous-credential': invalid('more than one credential'),
  'credential-too-long': invalid('credential is too long'),
  'unknown-api-key': invalid('credential is not known'),
  'expired-api-key': invalid('API key has expired'),
  'invalid-token': invalid('token is not valid'),
  'expired-token': invalid('token has expired'),
  'wrong-audience': invalid('token is for another audience'),
  'unknown-issuer': invalid('token is of an unknown issuer'),
  'not-permitted': denial(FORBIDDEN, 'not permitted to use this service'),
  'denied-by-rule': denial(FORBIDDEN, 'denied by a rule'),
  'groups-unknown': denial(FORBIDDEN, 'token does not list all groups'),
  'key-not-for-service': denial(FORBIDDEN, 'API key is not for this service'),
  'unknown-target': denial(FORBIDDEN, 'no such service'),
  'conflicting-target': denial(FORBIDDEN, 'request names more than one service'),
  'unsupported-request': denial(FORBIDDEN, 'request is not supported'),
  'policy-invalid': denial(FORBIDDEN, 'policy of this service is not valid'),
  'authentication-unavailable': denial(UNAVAILABLE, 'authentication is not available'),
  'authorization-unavailable': denial(UNAVAILABLE, 'authorization is not available'),
  'not-synced': denial(UNAVAILABLE, 'not ready yet'),
  overloaded: denial(UNAVAILABLE, 'too many requests at once'),
  'deadline-exceeded': denial(UNAVAILABLE, 'no answer in time'),
  internal: denial(INTERNAL, 'internal error'),
}

/** Causes with a phrase of their own: it reveals only what the holder can read in the token. */
export const CAUSES: Partial<Readonly<Record<TokenCause, Denial>>> = {
  'not-yet-valid': invalid('token is not yet valid'),
  'no-user': invalid('token names no user'),
  'unknown-key': invalid('no key of the issuer fits the token'),
}
