import type { Claims } from '../access/claim-path.ts'

/**
 * The claims of a token without an e-mail address that the issuer did not verify: a user that may choose one could
 * choose another's. Null: nobody can tell.
 */
export function withoutUnverifiedEmail(claims: Claims): Claims {
  const verified = Object.hasOwn(claims, 'email_verified') ? claims.email_verified : undefined
  // Some issuers write it as a text.
  if (verified === undefined || verified === true || verified === 'true') return claims
  return Object.hasOwn(claims, 'email') ? { ...claims, email: null } : claims
}
