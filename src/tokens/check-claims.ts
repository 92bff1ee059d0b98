// Checks the registered claims of a JWT.

import type { Claims } from '../access/claim-path.ts'
import { audiencesAt, matchClaims } from '../access/claims.ts'
import { CLOCK_SKEW_SECONDS } from '../access/clock-skew.ts'
import type { TokenRefusal } from '../access/token-refusal.ts'
import { isForOneOf } from '../common/audience.ts'
import { problemOfType } from './bearer.ts'
import type { DecodedJwt } from './decode-token.ts'
import { withoutUnverifiedEmail } from './verified-email.ts'

/** What a token must be for. */
export type Purpose = {
  /** The claim of audiences must have one of these; `undefined`: checked elsewhere. */
  readonly audiences: readonly string[] | undefined
  /** The claim of audiences; absent: `aud`. */
  readonly audienceClaim?: string
  /** Claims that must have one of these values. */
  readonly requiredClaims?: ReadonlyMap<string, readonly string[]>
}

export type Expected = Purpose & {
  readonly issuer: string
  /** Asymmetric algorithms only. */
  readonly algorithms: readonly string[]
  /** Further values of `typ` for this issuer's tokens. */
  readonly types?: readonly string[]
  /** The tolerated difference of the issuer's clock, in seconds. */
  readonly clockSkew?: number
}

/**
 * The checks before the signature: algorithm, `typ`, `iss`, the audience, `exp` (required), `nbf` and `iat`
 * (RFC 7519 section 4.1). `nowSeconds` since the epoch.
 */
export function checkClaims(
  jwt: DecodedJwt,
  expected: Expected,
  nowSeconds: number,
): TokenRefusal | undefined {
  if (!expected.algorithms.includes(jwt.alg)) return { cause: 'algorithm' }
  if (jwt.issuer !== expected.issuer) return { cause: 'unknown-issuer', claim: 'iss' }
  return (
    problemOfType(jwt, expected.types) ??
    problemOfPurpose(jwt.claims, expected) ??
    problemOfTime(jwt.claims, nowSeconds, expected.clockSkew)
  )
}

/** Whether a token has the provider's audiences and required claims. */
export function problemOfPurpose(said: Claims, expected: Purpose): TokenRefusal | undefined {
  const claims = withoutUnverifiedEmail(said)
  const { audiences, audienceClaim = 'aud', requiredClaims = new Map() } = expected
  if (audiences !== undefined && !isForOneOf(audiencesAt(claims, audienceClaim), audiences)) {
    return { cause: 'wrong-audience', claim: audienceClaim }
  }
  for (const [claim, values] of requiredClaims) {
    if (matchClaims(claims, new Map([[claim, values]])) !== 'yes') {
      return { cause: 'required-claim', claim }
    }
  }
  return undefined
}

/** `iat` only limits use before it: an unreadable one is ignored. */
export function problemOfTime(
  { exp, nbf, iat }: Claims,
  nowSeconds: number,
  clockSkew = CLOCK_SKEW_SECONDS,
): TokenRefusal | undefined {
  if (!isTime(exp)) return { cause: 'time-claim', claim: 'exp' }
  if (nbf !== undefined && !isTime(nbf)) return { cause: 'time-claim', claim: 'nbf' }
  if (exp + clockSkew <= nowSeconds) return { cause: 'expired', claim: 'exp' }
  const earliest = nowSeconds + clockSkew
  if (nbf !== undefined && nbf > earliest) return { cause: 'not-yet-valid', claim: 'nbf' }
  const isEarly = typeof iat === 'number' && iat > earliest
  return isEarly ? { cause: 'not-yet-valid', claim: 'iat' } : undefined
}

const isTime = (value: unknown): value is number =>
  typeof value === 'number' && Number.isFinite(value)
