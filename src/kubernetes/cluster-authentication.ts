import { type Authentication, rejected } from '../access/authentication.ts'
import type { Caller } from '../access/caller.ts'
import type { DenyReason } from '../access/decision.ts'
import { type Soon, whenKnown } from '../access/soon.ts'
import type { Accounts, Issued } from './accounts.ts'
import { isFields } from './fields.ts'
import type { TokenReviews } from './token-review.ts'

/** What a JWT says of itself, before anybody has checked it. */
export type UncheckedToken = {
  readonly issuer: string | undefined
  readonly claims: Readonly<Record<string, unknown>>
}

export type ClusterAuthenticationParts = {
  readonly reviews: TokenReviews
  /** `undefined`: revocation waits until what is remembered ends. */
  readonly accounts: Accounts | undefined
  readonly audiences: readonly string[]
  readonly opaquePrefixes: readonly string[]
  /** Of the cluster; `undefined`: not found out yet. */
  readonly issuer: () => string | undefined
  /** `undefined`: not a JWT. */
  readonly inspect: (token: string) => UncheckedToken | undefined
  /** How long to wait for an object that was just made, in milliseconds: less than an answer may take. */
  readonly waitMs: number
}

/** Of tokens in Secrets, made before tokens had an end. */
const LEGACY_ISSUER = 'kubernetes/serviceaccount'

export type AuthenticateInCluster = (
  token: string,
  digest: string,
) => Soon<Authentication | undefined>

/** Authenticates the tokens of a cluster; `undefined`: it cannot be one, and the API server is not asked. */
export function createClusterAuthentication(
  parts: ClusterAuthenticationParts,
): AuthenticateInCluster {
  const { reviews, accounts, audiences } = parts

  return (token, digest) => {
    const jwt = parts.inspect(token)
    if (jwt === undefined) {
      const opaque = parts.opaquePrefixes.some((prefix) => token.startsWith(prefix))
      return opaque ? reviewed(token, digest, {}) : undefined
    }
    const issuer = parts.issuer()
    if (jwt.issuer !== issuer && jwt.issuer !== LEGACY_ISSUER) {
      return issuer === undefined ? rejected('authentication-unavailable') : undefined
    }
    const problem = problemOf(jwt.claims, audiences)
    return problem === undefined ? reviewed(token, digest, jwt.claims) : rejected(problem)
  }

  function reviewed(
    token: string,
    digest: string,
    claims: UncheckedToken['claims'],
  ): Soon<Authentication> {
    return whenKnown(reviews.review(token, digest, endOf(claims)), (authentication) => {
      if (authentication.kind !== 'known' || accounts === undefined) return authentication
      const issued = issuedFor(authentication.caller, claims)
      if (issued === undefined || accounts.isLiving(issued)) return authentication
      reviews.forget(digest)
      return confirmed(accounts, token, digest, claims, issued)
    })
  }

  /** The object may have gone, or not be seen yet. The API server goes on accepting for some seconds. */
  async function confirmed(
    living: Accounts,
    token: string,
    digest: string,
    claims: UncheckedToken['claims'],
    issued: Issued,
  ): Promise<Authentication> {
    if (!(await living.willLive(issued, parts.waitMs))) return rejected('invalid-token')
    return reviews.review(token, digest, endOf(claims))
  }
}

/** Cheap refusals, of what the API server would refuse too. Tokens in Secrets have neither end nor audience. */
function problemOf(
  { exp, aud }: UncheckedToken['claims'],
  audiences: readonly string[],
): DenyReason | undefined {
  if (exp !== undefined && (typeof exp !== 'number' || !Number.isFinite(exp)))
    return 'invalid-token'
  if (exp !== undefined && exp * 1_000 <= Date.now()) return 'expired-token'
  if (aud === undefined) return undefined
  const named: readonly unknown[] = Array.isArray(aud) ? aud : [aud]
  const ours = named.some((name) => typeof name === 'string' && audiences.includes(name))
  return ours ? undefined : 'wrong-audience'
}

const endOf = ({ exp }: UncheckedToken['claims']): number | undefined =>
  typeof exp === 'number' ? exp * 1_000 : undefined

const SERVICE_ACCOUNT = /^system:serviceaccount:([^:]+):([^:]+)$/

/** `undefined`: not a ServiceAccount's. */
function issuedFor({ user, uid }: Caller, claims: UncheckedToken['claims']): Issued | undefined {
  const [, namespace, name] = SERVICE_ACCOUNT.exec(user) ?? []
  if (namespace === undefined || name === undefined) return undefined
  const secret = secretIn(claims)
  return {
    account: `${namespace}/${name}`,
    accountUid: uid,
    secret: secret === undefined ? undefined : `${namespace}/${secret}`,
  }
}

/** In the claims of a legacy token, or of one that is bound to a Secret. */
function secretIn(claims: UncheckedToken['claims']): string | undefined {
  const legacy = claims['kubernetes.io/serviceaccount/secret.name']
  const bound = claims['kubernetes.io']
  const secret = isFields(bound) && isFields(bound.secret) ? bound.secret.name : legacy
  return typeof secret === 'string' ? secret : undefined
}
