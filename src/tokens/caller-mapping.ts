import type { Caller } from '../access/caller.ts'
import { type Claims, findClaim } from '../access/claim-path.ts'
import { audiencesAt, textsAt } from '../access/claims.ts'
import { isIncomplete } from '../access/distributed-claims.ts'
import type { Verified } from './caching-verifier.ts'
import { withoutUnverifiedEmail } from './verified-email.ts'
import { refusedFor } from './verify-jwt.ts'

export type CallerMapping = {
  /** The provider's. */
  readonly name: string
  readonly issuer: string
  /** The claim of audiences; absent: `aud`. */
  readonly audienceClaim?: string
  /** Who a token is where RBAC does not know it; absent: its `sub`. */
  readonly user?: ClaimMapping
  /** How a token becomes a user of Kubernetes; `undefined`: it does not. */
  readonly rbac: RbacMapping | undefined
}

type RbacMapping = {
  readonly username: ClaimMapping
  readonly groups: ClaimMapping | undefined
  /** Whether its users belong to `system:authenticated`, as all users of an API server do. */
  readonly authenticated?: boolean
}

const SUBJECT: ClaimMapping = { claim: 'sub', prefix: '' }
const AUTHENTICATED = 'system:authenticated'
const RESERVED = 'system:'

/**
 * Whom a verified token names. Names of Kubernetes' own are nobody's to issue. `onOddGroups` is told of entries
 * among its groups that cannot be read.
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
  // A user that cannot be read may be one whom a rule denies.
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

/** One claim under which name and with which prefix, as kube-apiserver's structured authentication has it. */
type ClaimMapping = { readonly claim: string; readonly prefix: string }

/** `absent`: the token does not have the claim. `odd`: it is empty or no text, or cannot be reached. */
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
  /** Whether the token holds no others, as far as it says. */
  readonly complete: boolean
  /** Entries that cannot be read. */
  readonly odd: number
}

/** Without a mapping a token has no groups. */
function groupsIn(claims: Claims, mapping: ClaimMapping | undefined): Groups {
  if (mapping === undefined) return { groups: [], complete: true, odd: 0 }
  const { texts, complete, odd } = textsAt(claims, mapping.claim)
  return { groups: texts.map((text) => mapping.prefix + text), complete, odd }
}
