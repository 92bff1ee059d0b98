// Checks the unverified claims of a token before the API server is asked.

import { type Rejected, refused, rejected } from '../../access/authentication.ts'
import type { TokenRefusal } from '../../access/token-refusal.ts'
import { isForOneOf } from '../../common/audience.ts'
import { bindingOf, type TokenClaims } from './token-binding.ts'
import type { TokenLifetime } from './token-cache.ts'

/** The unverified claims of a JWT. */
type UncheckedToken = {
  readonly issuer: string | undefined
  readonly claims: TokenClaims
}

export type TokenRules = {
  readonly audiences: readonly string[]
  readonly opaquePrefixes: readonly string[]
  /** The cluster's issuer; `undefined`: not known yet. */
  readonly issuer: () => string | undefined
  /** The issuers of identity providers. */
  readonly foreignIssuers: readonly string[]
  /** `undefined`: not a JWT. */
  readonly inspect: (token: string) => UncheckedToken | undefined
}

type Presented = {
  readonly kind: 'possible'
  readonly isJwt: boolean
  readonly lifetime: TokenLifetime
}

/** `foreign`: not of this cluster. `bad`: the API server would refuse it, or it cannot be checked yet. */
export type TokenPrecheck = (
  token: string,
) =>
  | Presented
  | { readonly kind: 'foreign' }
  | { readonly kind: 'bad'; readonly rejection: Rejected }

/** The issuer of legacy tokens in Secrets. */
const LEGACY_ISSUER = 'kubernetes/serviceaccount'

const OPAQUE: Presented = {
  kind: 'possible',
  isJwt: false,
  lifetime: { binding: undefined, expiresAt: undefined },
}

/** Checks without a call whether a token can be the cluster's. */
export function createTokenPrecheck({
  opaquePrefixes,
  inspect,
  audiences,
  ...rules
}: TokenRules): TokenPrecheck {
  return (token) => {
    const jwt = inspect(token)
    if (jwt === undefined) {
      return opaquePrefixes.some((prefix) => token.startsWith(prefix))
        ? OPAQUE
        : { kind: 'foreign' }
    }
    const issuer = rules.issuer()
    if (jwt.issuer !== LEGACY_ISSUER && jwt.issuer !== issuer) {
      const unknown = issuer === undefined && !rules.foreignIssuers.includes(jwt.issuer ?? '')
      return unknown
        ? { kind: 'bad', rejection: rejected('authentication-unavailable') }
        : { kind: 'foreign' }
    }
    const problem = problemOf(jwt.claims, audiences)
    return problem === undefined
      ? { kind: 'possible', isJwt: true, lifetime: lifetimeOf(jwt.claims) }
      : { kind: 'bad', rejection: refused(problem) }
  }
}

/** Tokens in Secrets have neither expiry nor audience. */
function problemOf(
  { exp, aud }: TokenClaims,
  audiences: readonly string[],
): TokenRefusal | undefined {
  if (exp !== undefined && (typeof exp !== 'number' || !Number.isFinite(exp)))
    return { cause: 'time-claim', claim: 'exp' }
  if (exp !== undefined && exp * 1_000 <= Date.now()) return { cause: 'expired', claim: 'exp' }
  return aud === undefined || isForOneOf(aud, audiences)
    ? undefined
    : { cause: 'wrong-audience', claim: 'aud' }
}

const lifetimeOf = (claims: TokenClaims): TokenLifetime => ({
  binding: bindingOf(claims.sub, undefined, claims),
  expiresAt: typeof claims.exp === 'number' ? claims.exp * 1_000 : undefined,
})
