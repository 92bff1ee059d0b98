// Checks what an authorization server says about a token.

import type { Claims } from '../access/claim-path.ts'
import type { TokenRefusal } from '../access/token-refusal.ts'
import { problemOfType } from './bearer.ts'
import { type Purpose, problemOfPurpose, problemOfTime } from './check-claims.ts'

export type ExpectedOfAnswer = Purpose & {
  readonly issuer: string
  /** The tolerated difference of the issuer's clock, in seconds. */
  readonly clockSkew?: number
}

/** Members that are optional (RFC 7662 section 2.2): some servers write null for absent. */
const OPTIONAL = ['iss', 'exp', 'nbf', 'token_type', 'token_use', 'typ']

/** Why an active token is refused. `iss` and `exp` may be absent: the server itself says that it is valid. */
export function checkIntrospection(
  answer: Claims,
  expected: ExpectedOfAnswer,
  nowSeconds: number,
): TokenRefusal | undefined {
  const said = withoutNull(answer)
  const { iss, exp = Number.MAX_SAFE_INTEGER } = said
  if (iss !== undefined && iss !== expected.issuer) return { cause: 'unknown-issuer', claim: 'iss' }
  return (
    problemOfUse(said) ??
    problemOfType({ typ: undefined, claims: answer }) ??
    problemOfPurpose(answer, expected) ??
    problemOfTime({ ...said, exp }, nowSeconds, expected.clockSkew)
  )
}

/** Servers also answer about refresh tokens: `token_type_hint` is only a hint. */
function problemOfUse({ token_type, token_use, typ }: Claims): TokenRefusal | undefined {
  if (token_type !== undefined && !isText(token_type, BEARER)) {
    return { cause: 'type', claim: 'token_type' }
  }
  if (isText(token_use, REFRESH)) return { cause: 'type', claim: 'token_use' }
  return isText(typ, REFRESH) ? { cause: 'type', claim: 'typ' } : undefined
}

/** The types of RFC 6749 section 5.1, and the name of RFC 7009 section 2.1 that some servers write. */
const BEARER = /^(?:bearer|access_token)$/i
const REFRESH = /^refresh/i

const isText = (value: unknown, pattern: RegExp): boolean =>
  typeof value === 'string' && pattern.test(value)

const withoutNull = (answer: Claims): Claims =>
  Object.fromEntries(
    Object.entries(answer).filter(([name, value]) => value !== null || !OPTIONAL.includes(name)),
  )
