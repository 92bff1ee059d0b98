// Verifies a JWT of one issuer.

import type { DenyReason } from '../access/decision.ts'
import { reasonOf } from '../access/refusal-meaning.ts'
import type { TokenRefusal } from '../access/token-refusal.ts'
import { checkClaims, type Expected } from './check-claims.ts'
import type { DecodedJwt } from './decode-token.ts'
import type { Jwks } from './jwks.ts'
import type { JwksCache } from './jwks-cache.ts'
import { checkSignature, type InTurn, type Signature } from './signature.ts'

/** The result of a verification, and the key set that verified the token. */
export type Verification = { readonly kind: 'verified'; readonly keys: Jwks } | Refused

export type Refused = {
  readonly kind: 'refused'
  readonly reason: DenyReason
  /** Absent: not known. */
  readonly refusal?: TokenRefusal
}

export const refusedFor = (refusal: TokenRefusal): Refused => ({
  kind: 'refused',
  reason: reasonOf(refusal),
  refusal,
})

const refused = (reason: DenyReason): Refused => ({ kind: 'refused', reason })
const OVERLOADED = refused('overloaded')
const UNAVAILABLE = refused('authentication-unavailable')

/**
 * Verifies a JWT of one issuer: first the cheap checks, then the signature with the issuer's keys, which are
 * fetched again if none fits. Never rejects.
 */
export async function verifyJwt(
  token: string,
  jwt: DecodedJwt,
  expected: Expected,
  holder: Pick<JwksCache, 'keys' | 'newerKeys'>,
  inTurn: InTurn,
): Promise<Verification> {
  const problem = checkClaims(jwt, expected, Date.now() / 1_000)
  if (problem !== undefined) return refusedFor(problem)
  const since = performance.now()
  const keys = await holder.keys()
  if (keys === undefined) return UNAVAILABLE
  const first = await checkSignature(token, jwt, keys, inTurn)
  if (first === undefined) return OVERLOADED
  if (first === 'signed') return { kind: 'verified', keys }
  const newer = await holder.newerKeys(since)
  if (newer === undefined) return first === 'unknown key' ? UNAVAILABLE : unsigned(first)
  if (newer === keys) return unsigned(first)
  const second = await checkSignature(token, jwt, newer, inTurn)
  if (second === undefined) return OVERLOADED
  return second === 'signed' ? { kind: 'verified', keys: newer } : unsigned(second)
}

const unsigned = (signature: Exclude<Signature, 'signed'>): Refused =>
  refusedFor({ cause: signature === 'other key' ? 'bad-signature' : 'unknown-key' })
