// Drops e-mail addresses that the issuer has not verified.

import type { Claims } from '../access/claim-path.ts'

/**
 * The claims of a token, with an unverified e-mail address set to null: a user that can choose an address at
 * the issuer could choose another user's. Rules treat null as unknown.
 */
export function withoutUnverifiedEmail(claims: Claims): Claims {
  const verified = Object.hasOwn(claims, 'email_verified') ? claims.email_verified : undefined
  // Some issuers send it as text.
  if (verified === undefined || verified === true || verified === 'true') return claims
  return Object.hasOwn(claims, 'email') ? { ...claims, email: null } : claims
}
