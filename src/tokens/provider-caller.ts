import type { Caller } from '../access/caller.ts'
import { type ClaimMapping, groupsIn, own, textClaim } from './claims.ts'
import type { Claims } from './unverified.ts'
import type { Verified } from './verifier.ts'

export type CallerMapping = {
  /** The provider's. */
  readonly name: string
  readonly issuer: string
  /** How a token becomes a user of Kubernetes; `undefined`: it does not. */
  readonly rbac:
    | { readonly username: ClaimMapping; readonly groups: ClaimMapping | undefined }
    | undefined
}

const INVALID: Verified<never> = { kind: 'refused', reason: 'invalid-token' }
const SUBJECT: ClaimMapping = { claim: 'sub', prefix: '' }

/** Whom a verified token names. Names of Kubernetes' own are nobody's to issue. */
export function readCaller(
  { name: provider, issuer, rbac }: CallerMapping,
  said: Claims,
): Verified<Caller> {
  const claims = withoutUnverifiedEmail(said)
  const subject = textClaim(claims, SUBJECT)
  const user = rbac === undefined ? subject : textClaim(claims, rbac.username)
  const { groups, complete } = groupsIn(claims, rbac?.groups)
  if (user === undefined) return INVALID
  if ([user, ...groups].some((name) => name.startsWith('system:'))) return INVALID
  return {
    kind: 'verified',
    value: {
      kind: 'jwt',
      user,
      groups,
      ...(complete ? {} : { moreGroups: true }),
      uid: undefined,
      extra: {},
      reference: `${provider} ${issuer} ${subject ?? ''}`.trim(),
      inRbac: rbac !== undefined,
      provider,
      claims,
    },
  }
}

/** A user that may choose an e-mail address at the issuer could choose another's. Null: nobody can tell. */
function withoutUnverifiedEmail(claims: Claims): Claims {
  const verified = own(claims, 'email_verified')
  if (verified === undefined || verified === true) return claims
  return Object.hasOwn(claims, 'email') ? { ...claims, email: null } : claims
}
