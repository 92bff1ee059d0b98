import { errors, jwtVerify } from 'jose'
import type { DenyReason } from '../access/decision.ts'
import { CLOCK_SKEW_SECONDS, checkClaims, type Expected } from './check-claims.ts'
import type { DecodedJwt } from './decode-token.ts'
import type { Jwks } from './jwks.ts'
import type { JwksCache } from './jwks-cache.ts'

/** What became of a token, and which key set vouched for it. */
export type Verification =
  | { readonly kind: 'verified'; readonly keys: Jwks }
  | { readonly kind: 'refused'; readonly reason: DenyReason }

const refused = (reason: DenyReason): Verification => ({ kind: 'refused', reason })
const OVERLOADED = refused('overloaded')

/** Verifies a signature when it is somebody's turn; `undefined`: too many wait. */
export type InTurn = <T>(verify: () => Promise<T>) => Promise<T | undefined>

/**
 * Verifies a JWT of one issuer: the cheap checks first, then the signature with one of the issuer's
 * keys. Embedded or referenced keys (`jwk`, `jku`, `x5u`) are never followed. Never rejects.
 */
export async function verifyJwt(
  token: string,
  jwt: DecodedJwt,
  expected: Expected,
  holder: Pick<JwksCache, 'keys' | 'newerKeys'>,
  inTurn: InTurn,
): Promise<Verification> {
  const problem = checkClaims(jwt, expected, Date.now() / 1_000)
  if (problem !== undefined) return refused(problem)
  const since = performance.now()
  const keys = await holder.keys()
  if (keys === undefined) return refused('authentication-unavailable')
  const first = await inTurn(() => verifyWith(keys, token, jwt, expected))
  if (first === undefined) return OVERLOADED
  if (typeof first !== 'string') return first
  const newer = await holder.newerKeys(since)
  if (newer === undefined) {
    return refused(first === 'unknown key' ? 'authentication-unavailable' : 'invalid-token')
  }
  if (newer === keys) return refused('invalid-token')
  const second = await inTurn(() => verifyWith(newer, token, jwt, expected))
  if (second === undefined) return OVERLOADED
  return typeof second === 'string' ? refused('invalid-token') : second
}

/** `other key`: no key of the name that the token gives has signed it; another may have taken that name. */
type Undecided = 'unknown key' | 'other key'

async function verifyWith(
  keys: Jwks,
  token: string,
  { kid }: DecodedJwt,
  expected: Expected,
): Promise<Verification | Undecided> {
  try {
    await verifySignature(keys.getKey, token, expected)
    return { kind: 'verified', keys }
  } catch (error) {
    if (error instanceof errors.JWKSNoMatchingKey) return 'unknown key'
    const several = error instanceof errors.JWKSMultipleMatchingKeys
    if (several && (await fitsAny(error, token, expected))) return { kind: 'verified', keys }
    // A token that names no key can be of one that is not known yet.
    if (kid === undefined) return 'unknown key'
    const isForged = several || error instanceof errors.JWSSignatureVerificationFailed
    return isForged ? 'other key' : refused('invalid-token')
  }
}

/** Several keys have the name that the token gives, or it gives none. */
async function fitsAny(
  keys: errors.JWKSMultipleMatchingKeys,
  token: string,
  expected: Expected,
): Promise<boolean> {
  for await (const key of keys) {
    try {
      await verifySignature(async () => key, token, expected)
      return true
    } catch {
      // The next one may fit.
    }
  }
  return false
}

const verifySignature = (
  getKey: Parameters<typeof jwtVerify>[1],
  token: string,
  { issuer, audiences, algorithms }: Expected,
) =>
  jwtVerify(token, getKey, {
    issuer,
    ...(audiences === undefined ? {} : { audience: [...audiences] }),
    algorithms: [...algorithms],
    clockTolerance: CLOCK_SKEW_SECONDS,
    requiredClaims: ['exp'],
  })
