// Authenticates tokens of the cluster, with cache and limits.

import { type Authentication, refused, rejected } from '../../access/authentication.ts'
import type { Caller } from '../../access/caller.ts'
import type { DenyReason } from '../../access/decision.ts'
import { type Asker, holdersOf } from '../../access/identify.ts'
import { type QueueKey, queueKeyOf, refreshKeyOf } from '../../access/queue-key.ts'
import type { CachePeriods } from '../../common/cache-periods.ts'
import type { Observer } from '../../common/dependency-calls.ts'
import type { MaybePromise } from '../../common/maybe-promise.ts'
import type { RateLimits } from '../../common/rate-limits.ts'
import { nameOfAudiences } from './per-audiences.ts'
import type { SharedTokenCache, SignatureVerdict } from './shared-token-cache.ts'
import { bindingOf, type TokenBinding } from './token-binding.ts'
import type { CachedToken, TokenLifetime } from './token-cache.ts'
import type { HeldOwners, TokenOwners } from './token-owners.ts'
import { createTokenPrecheck, type TokenPrecheck, type TokenRules } from './token-precheck.ts'
import type { TokenReviews } from './token-review.ts'

export type ClusterAuthenticationParts = TokenRules & {
  readonly reviews: TokenReviews
  readonly accounts: TokenOwners
  /** Whether the watches show the current state. */
  readonly watching: () => boolean
  readonly signatureOf: (token: string, queueKey: QueueKey) => Promise<SignatureVerdict>
  /** Rate limits for tokens that the cluster may not have signed. */
  readonly budgets: RateLimits
  /** A keyed digest of constant length, so that cache keys do not reveal tokens. */
  readonly keyed: (text: string) => string
  /** Shared by all lists of audiences. */
  readonly memory: SharedTokenCache
  readonly observer: Observer
  readonly periods: CachePeriods
  /** Longest wait for an object that was just created, in milliseconds: less than the deadline of an answer. */
  readonly waitMs: number
}

export type ClusterAuthentication = {
  /** `undefined`: it cannot be a token of the cluster; the API server is not asked. */
  readonly authenticate: (
    token: string,
    digest: string,
    asker: Asker,
  ) => MaybePromise<Authentication | undefined>
}

/** One look-up of a token. */
type Question = {
  readonly token: string
  readonly digest: string
  readonly lifetime: TokenLifetime
  readonly held: HeldOwners
  /** Whether a key of the cluster is known to have signed it. */
  readonly isSigned: boolean
  readonly queueKey: QueueKey
  /** Identifies the look-up: the token, and the state of the objects it depends on. */
  readonly key: string
}

/** Authenticates the tokens of a cluster. */
export function createClusterAuthentication(
  parts: ClusterAuthenticationParts,
): ClusterAuthentication {
  const { reviews, accounts, observer, periods } = parts
  const { calls, signatures, ...known } = parts.memory
  const read: TokenPrecheck = createTokenPrecheck(parts)
  // A result for one list of audiences says nothing about another.
  const list = parts.keyed(nameOfAudiences(parts.audiences))

  return { authenticate }

  function authenticate(token: string, plainDigest: string, asker: Asker) {
    const digest = parts.keyed(list + plainDigest)
    const found = known.find(digest)
    if (found !== undefined) {
      known.hit()
      if (found.dueAt <= performance.now()) refresh(token, digest, found, asker)
      return found.authentication
    }
    const presented = read(token)
    if (presented.kind === 'foreign') return undefined
    if (presented.kind === 'bad') return presented.rejection
    known.missed()
    const question = questionOf(token, digest, presented.lifetime, asker)
    return presented.isJwt ? lookUpJwt(question, asker) : lookUp(question, asker)
  }

  function questionOf(
    token: string,
    digest: string,
    lifetime: TokenLifetime,
    { service }: Asker,
  ): Question {
    const held = accounts.hold(lifetime.binding)
    const key = `${digest} ${held.account?.number ?? 0} ${held.secret?.number ?? 0}`
    return { token, digest, lifetime, held, key, isSigned: false, queueKey: queueKeyOf(service) }
  }

  async function lookUpJwt(question: Question, asker: Asker): Promise<Authentication> {
    const { key, token, digest, queueKey } = question
    const signature = await signatures.join(key, () => parts.signatureOf(token, queueKey))
    // Another call may have started or finished meanwhile.
    const answer = calls.underWay(key) ?? known.find(digest)?.authentication
    if (answer !== undefined) return answer
    if (signature === 'overloaded') return OVERLOADED
    if (signature !== 'forged')
      return lookUp({ ...question, isSigned: signature === 'signed' }, asker)
    known.keep(digest, { ...question, authentication: FORGED }, queueKey.tenant)
    return FORGED
  }

  function lookUp(question: Question, asker: Asker): MaybePromise<Authentication> {
    const underWay = calls.underWay(question.key)
    if (underWay !== undefined) return underWay
    const spent = question.isSigned ? undefined : parts.budgets(holdersOf(asker))
    if (spent === undefined) return calls.join(question.key, () => inquire(question))
    observer.shed(`tokenreview-${spent}`)
    return OVERLOADED
  }

  /** Runs in the background. */
  function refresh(token: string, digest: string, found: CachedToken, asker: Asker) {
    found.dueAt = performance.now() + periods.againMs
    const question = {
      ...questionOf(token, digest, found.lifetime, asker),
      isSigned: found.isSigned,
      queueKey: refreshKeyOf(asker.service),
    }
    void calls.join(question.key, () => inquire(question))
  }

  /** Continues if nobody waits for it. */
  async function inquire(question: Question): Promise<Authentication> {
    const { digest, lifetime, held, queueKey } = question
    const begun = performance.now()
    const afresh = accounts.isUnsettled(held, lifetime.binding)
    const reviewed = await reviews.review({ ...question, afresh })
    const authentication = isAnother(lifetime.binding, reviewed) ? INVALID : reviewed
    if (authentication.kind === 'rejected') {
      if (!isOutage(authentication.reason))
        known.keep(digest, { ...question, authentication }, queueKey.tenant)
      return authentication
    }
    const binding = confirmed(lifetime.binding, authentication.caller)
    const leftMs = parts.waitMs - (performance.now() - begun)
    if (!(await accounts.willLive(binding, leftMs))) {
      return leftMs > 0 && parts.watching() ? INVALID : UNAVAILABLE
    }
    // The owners of an opaque token are known only after the review.
    const heldNow = lifetime.binding === undefined ? accounts.hold(binding) : held
    const found = { ...question, authentication, lifetime: { ...lifetime, binding }, held: heldNow }
    known.keep(digest, found, queueKey.tenant)
    return authentication
  }
}

const INVALID = refused({ cause: 'refused-by-issuer' })
const FORGED = refused({ cause: 'bad-signature' })
const UNAVAILABLE = rejected('authentication-unavailable')
const OVERLOADED = rejected('overloaded')

const isOutage = (reason: DenyReason): boolean =>
  reason === 'authentication-unavailable' || reason === 'overloaded'

/** Whether the API server names another ServiceAccount than the token, or none. */
const isAnother = (binding: TokenBinding | undefined, reviewed: Authentication): boolean =>
  binding !== undefined &&
  reviewed.kind === 'known' &&
  bindingOf(reviewed.caller.user, undefined, {})?.account !== binding.account

/** Its binding, completed by the API server's answer. */
const confirmed = (
  binding: TokenBinding | undefined,
  { user, uid }: Caller,
): TokenBinding | undefined =>
  binding === undefined
    ? bindingOf(user, uid, {})
    : { ...binding, accountUid: binding.accountUid ?? uid }
