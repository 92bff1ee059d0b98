// The table of status codes, phrases and advice of denials.

import type { DenyReason } from '../access/decision.ts'
import type { TokenCause } from '../access/token-refusal.ts'
import { API_KEY_PLACES, type ApiKeyPlaces, adviceAbout } from './advice.ts'
import { status } from './grpc-status.ts'

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

/** The formats of errors. Of gRPC's, Envoy makes the `grpc-message`. `html`: for people with a browser. */
export const DIALECTS = ['plain', 'openai', 'anthropic', 'grpc', 'html'] as const
export type Dialect = (typeof DIALECTS)[number]

/** What to do, as one sentence: for clients of a dialect, or for any. */
type Advice = { readonly any: string } & Partial<Readonly<Record<Dialect, string>>>

/** What a client sees of a denial: fixed texts, never the text of another program's error. */
export type Denial = Class & {
  readonly phrase: string
  readonly advice: Advice
  /** `error` of the challenge (RFC 6750 section 3.1); `undefined`: the bare challenge. */
  readonly error: 'invalid_token' | undefined
}

const adviceIn = (advice: string | Advice): Advice =>
  typeof advice === 'string' ? { any: advice } : advice

const denial = (kind: Class, phrase: string, advice: string | Advice): Denial => ({
  ...kind,
  phrase,
  advice: adviceIn(advice),
  error: undefined,
})

const invalid = (phrase: string, advice: string | Advice): Denial => ({
  ...denial(UNAUTHENTICATED, phrase, advice),
  error: 'invalid_token',
})

const RETRY = 'retry after the time in retry-after'

const TRUSTED = 'get a token from an issuer that this service trusts, and send it in Authorization'

/** Whose advice depends on the configuration. */
const byPlaces = ({ notAsKey, malformed, ...missing }: ReturnType<typeof adviceAbout>) => ({
  'missing-credential': denial(UNAUTHENTICATED, 'credential not found', missing),
  'malformed-credential': invalid('credential is malformed', malformed),
  'unknown-api-key': invalid(
    'credential is not known',
    `check the API key and its namespace; a token belongs in Authorization${notAsKey}`,
  ),
  'unknown-issuer': invalid('token is of an unknown issuer', {
    any: TRUSTED,
    anthropic: `${TRUSTED}${notAsKey}`,
  }),
})

const FIXED = {
  'ambiguous-credential': invalid('more than one credential', 'send one credential in one place'),
  'credential-too-long': invalid(
    'credential is too long',
    'send a shorter token or key, and fewer cookies',
  ),
  'expired-api-key': invalid('API key has expired', 'ask the owner of the service for a new key'),
  'invalid-token': invalid('token is not valid', 'get a new token from its issuer'),
  'expired-token': invalid('token has expired', 'get a new token from its issuer'),
  'wrong-audience': invalid(
    'token is for another audience',
    'get a token for the audience of this service',
  ),
  'not-permitted': denial(
    FORBIDDEN,
    'not permitted to use this service',
    'ask the owner of the service for access',
  ),
  'denied-by-rule': denial(
    FORBIDDEN,
    'denied by a rule',
    'ask the owner of the service which callers, methods and paths its policy allows',
  ),
  'groups-unknown': denial(
    FORBIDDEN,
    'token does not list all groups',
    'get a token that lists all your groups',
  ),
  'key-not-for-service': denial(
    FORBIDDEN,
    'API key is not for this service',
    'ask the owner of the service for a key that covers it',
  ),
  'unknown-target': denial(FORBIDDEN, 'no such service', 'check the host and the path'),
  'conflicting-target': denial(
    FORBIDDEN,
    'request names more than one service',
    'check that host, path and model header name the same service',
  ),
  'unsupported-request': denial(
    FORBIDDEN,
    'request is not supported',
    'send one host, and a path without encoded or special characters',
  ),
  'policy-invalid': denial(
    FORBIDDEN,
    'policy of this service is not valid',
    'ask the owner of the service to correct its AccessPolicy',
  ),
  'authentication-unavailable': denial(UNAVAILABLE, 'authentication is not available', RETRY),
  'authorization-unavailable': denial(UNAVAILABLE, 'authorization is not available', RETRY),
  'not-synced': denial(UNAVAILABLE, 'not ready yet', RETRY),
  overloaded: denial(UNAVAILABLE, 'too many requests at once', RETRY),
  'deadline-exceeded': denial(UNAVAILABLE, 'no answer in time', RETRY),
  internal: denial(INTERNAL, 'internal error', 'tell your administrator the x-request-id'),
}

/** The wire form of each reason, for an installation that accepts API keys in these places. */
export const denialsFor = (places: ApiKeyPlaces): Readonly<Record<DenyReason, Denial>> => ({
  ...FIXED,
  ...byPlaces(adviceAbout(places)),
})

/** The same with the default configuration. */
export const DENIALS = denialsFor(API_KEY_PLACES)

/** Causes with a phrase of their own: it reveals only what the holder can read in the token. */
export const CAUSES: Partial<Readonly<Record<TokenCause, Denial>>> = {
  'not-yet-valid': invalid(
    'token is not yet valid',
    'retry later, or correct the clock of its issuer',
  ),
  'no-user': invalid('token names no user', 'get a token with the claim that names the user'),
  'unknown-key': invalid('no key of the issuer fits the token', 'get a new token from its issuer'),
}
