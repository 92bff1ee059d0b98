import type { Caller } from '../access/caller.ts'
import type { Claims } from '../access/claim-path.ts'
import { claimAt, textsAt } from '../access/claims.ts'
import type { Verified } from './caching-verifier.ts'

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
export function mapCaller(
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

/** One claim under which name and with which prefix, as kube-apiserver's structured authentication has it. */
type ClaimMapping = { readonly claim: string; readonly prefix: string }

/** `undefined`: the claim is missing, empty or no text. */
function textClaim(claims: Claims, { claim, prefix }: ClaimMapping): string | undefined {
  const value = claimAt(claims, claim)
  return typeof value === 'string' && value !== '' ? prefix + value : undefined
}

type Groups = {
  readonly groups: readonly string[]
  /** Whether the token holds no others, as far as it says. */
  readonly complete: boolean
}

/** Without a mapping a token has no groups. */
function groupsIn(claims: Claims, mapping: ClaimMapping | undefined): Groups {
  if (mapping === undefined) return { groups: [], complete: true }
  const { texts, complete } = textsAt(claims, mapping.claim)
  return { groups: texts.map((text) => mapping.prefix + text), complete }
}

const own = (claims: Claims, name: string): unknown =>
  Object.hasOwn(claims, name) ? claims[name] : undefined
