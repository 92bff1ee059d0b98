import type { DenyReason } from '../access/decision.ts'
import { isBearer } from './bearer.ts'
import type { DecodedJwt } from './decode-token.ts'

export type Expected = {
  readonly issuer: string
  /** At least one of them must be in `aud`; `undefined`: that is checked elsewhere. */
  readonly audiences: readonly string[] | undefined
  /** Asymmetric ones only. */
  readonly algorithms: readonly string[]
  /** Further values of `typ` that its tokens for callers have. */
  readonly types?: readonly string[]
}

/** How far the issuer's clock may differ, in seconds. */
export const CLOCK_SKEW_SECONDS = 30

/**
 * Checks what costs nothing: algorithm, `typ`, `iss`, `aud`, `exp` (required), `nbf` and `iat` (RFC 7519 section
 * 4.1). `nowSeconds` since the epoch. The signature is not looked at.
 */
export function checkClaims(
  jwt: DecodedJwt,
  expected: Expected,
  nowSeconds: number,
): DenyReason | undefined {
  const { alg, issuer, claims } = jwt
  if (!expected.algorithms.includes(alg) || !isBearer(jwt, expected.types)) return 'invalid-token'
  if (issuer !== expected.issuer) return 'unknown-issuer'
  if (expected.audiences !== undefined && !isFor(claims.aud, expected.audiences)) {
    return 'wrong-audience'
  }
  const { exp, nbf, iat } = claims
  if (!isTime(exp) || !isAbsentOrTime(nbf) || !isAbsentOrTime(iat)) return 'invalid-token'
  if (exp + CLOCK_SKEW_SECONDS <= nowSeconds) return 'expired-token'
  const earliest = nowSeconds + CLOCK_SKEW_SECONDS
  return (nbf ?? 0) > earliest || (iat ?? 0) > earliest ? 'invalid-token' : undefined
}

/** Whether one of the audiences is in an `aud`. */
export function isFor(audience: unknown, audiences: readonly string[]): boolean {
  const named: readonly unknown[] = Array.isArray(audience) ? audience : [audience]
  return named.some((entry) => typeof entry === 'string' && audiences.includes(entry))
}

const isTime = (value: unknown): value is number =>
  typeof value === 'number' && Number.isFinite(value)

const isAbsentOrTime = (value: unknown): value is number | undefined =>
  value === undefined || isTime(value)
