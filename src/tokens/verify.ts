import { errors, jwtVerify } from 'jose'
import type { DenyReason } from '../access/decision.ts'
import { CLOCK_SKEW_SECONDS, checkClaims, type Expected } from './check-claims.ts'
import type { KeyHolder } from './key-holder.ts'
import type { KeySet } from './key-set.ts'
import type { Claims, UnverifiedJwt } from './unverified.ts'

export type Verification =
  | { readonly kind: 'verified'; readonly claims: Claims }
  | { readonly kind: 'refused'; readonly reason: DenyReason }

const refused = (reason: DenyReason): Verification => ({ kind: 'refused', reason })

/**
 * Verifies a JWT of one issuer: the cheap checks first, then the signature with one of the issuer's
 * keys. Embedded or referenced keys (`jwk`, `jku`, `x5u`) are never followed. Never rejects.
 */
export async function verifyJwt(
  token: string,
  unverified: UnverifiedJwt,
  expected: Expected,
  holder: KeyHolder,
): Promise<Verification> {
  const problem = checkClaims(unverified, expected, Date.now() / 1_000)
  if (problem !== undefined) return refused(problem)
  const keys = await holder.keys()
  if (keys === undefined) return refused('authentication-unavailable')
  const first = await verifyWith(keys, token, expected)
  if (first !== 'unknown key') return first
  const newer = await holder.newerKeys()
  if (newer === undefined || newer === keys) return refused('invalid-token')
  const second = await verifyWith(newer, token, expected)
  return second === 'unknown key' ? refused('invalid-token') : second
}

async function verifyWith(
  { getKey }: KeySet,
  token: string,
  expected: Expected,
): Promise<Verification | 'unknown key'> {
  try {
    return await verifySignature(getKey, token, expected)
  } catch (error) {
    if (error instanceof errors.JWKSNoMatchingKey) return 'unknown key'
    if (error instanceof errors.JWKSMultipleMatchingKeys)
      return verifyWithAny(error, token, expected)
    return refused(reasonOf(error))
  }
}

/** A token that names no `kid`: any key of the set that fits its algorithm will do. */
async function verifyWithAny(
  keys: errors.JWKSMultipleMatchingKeys,
  token: string,
  expected: Expected,
): Promise<Verification> {
  for await (const key of keys) {
    try {
      return await verifySignature(async () => key, token, expected)
    } catch (error) {
      if (!(error instanceof errors.JWSSignatureVerificationFailed)) return refused(reasonOf(error))
    }
  }
  return refused('invalid-token')
}

async function verifySignature(
  getKey: Parameters<typeof jwtVerify>[1],
  token: string,
  { issuer, audiences, algorithms }: Expected,
): Promise<Verification> {
  const { payload } = await jwtVerify(token, getKey, {
    issuer,
    audience: [...audiences],
    algorithms: [...algorithms],
    clockTolerance: CLOCK_SKEW_SECONDS,
    requiredClaims: ['exp'],
  })
  return { kind: 'verified', claims: payload }
}

const reasonOf = (error: unknown): DenyReason =>
  error instanceof errors.JWTExpired ? 'expired-token' : 'invalid-token'
