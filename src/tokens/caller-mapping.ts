// Maps the claims of a JWT to a caller.

import type { Caller } from '../access/caller.ts'
import { type Claims, findClaim } from '../access/claim-path.ts'
import { audiencesAt, textsAt } from '../access/claims.ts'
import { isIncomplete } from '../access/distributed-claims.ts'
import type { Verified } from './caching-verifier.ts'
import { withoutUnverifiedEmail } from './verified-email.ts'
import { refusedFor } from './verify-jwt.ts'

export type CallerMapping = {
  /** The provider's name. */
  readonly name: string
  readonly issuer: string
  /** The claim of audiences; absent: `aud`. */
  readonly audienceClaim?: string
  /** The claim that identifies a caller outside of RBAC; absent: `sub`. */
  readonly user?: ClaimMapping
  /** How a token maps to a Kubernetes user; `undefined`: it does not. */
  readonly rbac: RbacMapping | undefined
}

type RbacMapping = {
  readonly username: ClaimMapping
  readonly groups: ClaimMapping | undefined
  /** Whether its users are in `system:authenticated`, like all users of an API server. */
  readonly authenticated?: boolean
}

const SUBJECT: ClaimMapping = { claim: 'sub', prefix: '' }
const AUTHENTICATED = 'system:authenticated'
const RESERVED = 'system:'

/**
 * The caller of a verified token. Names reserved for Kubernetes are refused. `onOddGroups` is called for
 * groups that cannot be read.
 */
export function mapCaller(
  mapping: CallerMapping,
  said: Claims,
  onOddGroups: (count: number) => void = () => {},
): Verified<Caller> {
  const { name: provider, issuer, rbac, audienceClaim = 'aud' } = mapping
  const claims = withoutUnverifiedEmail(said)
  const by = rbac?.username ?? mapping.user ?? SUBJECT
  const found = userIn(claims, by)
  // An unreadable user may be one that a rule denies.
  if (found === 'odd') return refusedFor({ cause: 'no-user', claim: by.claim })
  const user = found === 'absent' ? undefined : found.name
  const { groups, complete, odd } = groupsIn(claims, rbac?.groups)
  if (odd > 0) onOddGroups(odd)
  if (user?.startsWith(RESERVED)) return refusedFor({ cause: 'reserved-name', claim: by.claim })
  if (groups.some((group) => group.startsWith(RESERVED))) {
    return refusedFor({ cause: 'reserved-name', claim: rbac?.groups?.claim ?? '' })
  }
  const isUser = rbac !== undefined && rbac.authenticated !== false && user !== undefined
  const subject = userIn(claims, SUBJECT)
  return {
    kind: 'verified',
    value: {
      kind: 'jwt',
      user,
      userClaim: by.claim,
      groups,
      ...(isUser ? { impliedGroups: [AUTHENTICATED] } : {}),
      ...(complete ? {} : { moreGroups: true }),
      uid: undefined,
      extra: {},
      reference: [provider, issuer, typeof subject === 'string' ? user : subject.name]
        .filter((part) => part !== undefined)
        .join(' '),
      inRbac: rbac !== undefined,
      provider,
      audiences: audiencesAt(claims, audienceClaim),
      claims,
    },
  }
}

/** A claim and its prefix, as in kube-apiserver's structured authentication. */
type ClaimMapping = { readonly claim: string; readonly prefix: string }

/** `absent`: the token does not have the claim. `odd`: it is empty, not text, or cannot be reached. */
function userIn(
  claims: Claims,
  { claim, prefix }: ClaimMapping,
): { readonly name: string } | 'absent' | 'odd' {
  const found = findClaim(claims, claim)
  if (found === 'absent') return isIncomplete(claims, claim) ? 'odd' : 'absent'
  const value = found === 'blocked' ? undefined : found.value
  return typeof value === 'string' && value !== '' ? { name: prefix + value } : 'odd'
}

type Groups = {
  readonly groups: readonly string[]
  /** Whether the token has all groups, as far as it says. */
  readonly complete: boolean
  /** Unreadable entries. */
  readonly odd: number
}

/** Without a mapping there are no groups. */
function groupsIn(claims: Claims, mapping: ClaimMapping | undefined): Groups {
  if (mapping === undefined) return { groups: [], complete: true, odd: 0 }
  const { texts, complete, odd } = textsAt(claims, mapping.claim)
  return { groups: texts.map((text) => mapping.prefix + text), complete, odd }
}
