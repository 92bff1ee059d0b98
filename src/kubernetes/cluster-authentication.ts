import { type Authentication, rejected } from '../access/authentication.ts'
import type { Caller } from '../access/caller.ts'
import type { DenyReason } from '../access/decision.ts'
import type { Asker } from '../access/identify.ts'
import type { Soon } from '../access/soon.ts'
import { type Line, lineOf, refreshLineOf } from '../access/turns.ts'
import type { Accounts, Held } from './accounts.ts'
import type { Budgets } from './budgets.ts'
import { type Issued, issuedFor } from './issued.ts'
import type { KnownToken, Periods, Said } from './known-tokens.ts'
import type { Observer } from './observer.ts'
import { nameOfAudiences } from './per-audiences.ts'
import { type ReadToken, readerOf, type TokenRules } from './presented-token.ts'
import type { Signature, TokenMemory } from './token-memory.ts'
import type { TokenReviews } from './token-review.ts'

export type ClusterAuthenticationParts = TokenRules & {
  readonly reviews: TokenReviews
  readonly accounts: Accounts
  /** Whether what is watched is known as it is now. */
  readonly watching: () => boolean
  readonly signatureOf: (token: string, line: Line) => Promise<Signature>
  /** For tokens that the cluster may not have signed. */
  readonly budgets: Budgets
  /** A keyed digest, always of one length, so that nothing that is kept tells what it was made of. */
  readonly keyed: (text: string) => string
  /** Shared by all lists of audiences. */
  readonly memory: TokenMemory
  readonly observer: Observer
  readonly periods: Periods
  /** How long to wait for an object that was just made, in milliseconds: less than an answer may take. */
  readonly waitMs: number
}

export type ClusterAuthentication = {
  /** `undefined`: it cannot be a token of the cluster, and the API server is not asked. */
  readonly authenticate: (
    token: string,
    digest: string,
    asker: Asker,
  ) => Soon<Authentication | undefined>
}

/** One token on its way. */
type Question = {
  readonly token: string
  readonly digest: string
  readonly said: Said
  readonly held: Held
  /** Whether a key of the cluster is known to have signed it. */
  readonly isSigned: boolean
  readonly line: Line
  /** Equal for equal questions: by the token, and by the objects that it does not outlive. */
  readonly key: string
}

/** Authenticates the tokens of a cluster. */
export function createClusterAuthentication(
  parts: ClusterAuthenticationParts,
): ClusterAuthentication {
  const { reviews, accounts, observer, periods } = parts
  const { calls, signatures, ...known } = parts.memory
  const read: ReadToken = readerOf(parts)
  // What is known of a token for one list says nothing for another.
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
    if (presented.kind === 'bad') return rejected(presented.reason)
    known.missed()
    const question = questionOf(token, digest, presented.said, asker)
    return presented.isJwt ? lookUpJwt(question, asker) : lookUp(question, asker)
  }

  function questionOf(token: string, digest: string, said: Said, { service }: Asker): Question {
    const held = accounts.hold(said.issued)
    const key = `${digest} ${held.account?.number ?? 0} ${held.secret?.number ?? 0}`
    return { token, digest, said, held, key, isSigned: false, line: lineOf(service) }
  }

  async function lookUpJwt(question: Question, asker: Asker): Promise<Authentication> {
    const { key, token, digest, line } = question
    const signature = await signatures.join(key, () => parts.signatureOf(token, line))
    // Another may have asked meanwhile.
    const answer = calls.underWay(key) ?? known.find(digest)?.authentication
    if (answer !== undefined) return answer
    if (signature === 'overloaded') return OVERLOADED
    if (signature !== 'forged')
      return lookUp({ ...question, isSigned: signature === 'signed' }, asker)
    known.keep(digest, { ...question, authentication: INVALID }, line.tenant)
    return INVALID
  }

  function lookUp(question: Question, asker: Asker): Soon<Authentication> {
    const underWay = calls.underWay(question.key)
    if (underWay !== undefined) return underWay
    const spent = question.isSigned ? undefined : parts.budgets(asker)
    if (spent === undefined) return calls.join(question.key, () => inquire(question))
    observer.shed(`tokenreview-${spent}`)
    return OVERLOADED
  }

  /** Nobody waits for it. */
  function refresh(token: string, digest: string, found: KnownToken, asker: Asker) {
    found.dueAt = performance.now() + periods.againMs
    const question = {
      ...questionOf(token, digest, found.said, asker),
      isSigned: found.isSigned,
      line: refreshLineOf(asker.service),
    }
    void calls.join(question.key, () => inquire(question))
  }

  /** Outlives whoever waits for it. */
  async function inquire(question: Question): Promise<Authentication> {
    const { digest, said, held, line } = question
    const begun = performance.now()
    const afresh = accounts.isUnsettled(held, said.issued)
    const reviewed = await reviews.review({ ...question, afresh })
    const authentication = isAnother(said.issued, reviewed) ? INVALID : reviewed
    if (authentication.kind === 'rejected') {
      if (!isOutage(authentication.reason))
        known.keep(digest, { ...question, authentication }, line.tenant)
      return authentication
    }
    const issued = confirmed(said.issued, authentication.caller)
    const leftMs = parts.waitMs - (performance.now() - begun)
    if (!(await accounts.willLive(issued, leftMs))) {
      return leftMs > 0 && parts.watching() ? INVALID : UNAVAILABLE
    }
    // Of a token that does not say whose it is, the objects are known only now.
    const heldNow = said.issued === undefined ? accounts.hold(issued) : held
    const found = { ...question, authentication, said: { ...said, issued }, held: heldNow }
    known.keep(digest, found, line.tenant)
    return authentication
  }
}

const INVALID = rejected('invalid-token')
const UNAVAILABLE = rejected('authentication-unavailable')
const OVERLOADED = rejected('overloaded')

const isOutage = (reason: DenyReason): boolean =>
  reason === 'authentication-unavailable' || reason === 'overloaded'

/** Whether the API server says that it is of another ServiceAccount than it says itself, or of none. */
const isAnother = (said: Issued | undefined, reviewed: Authentication): boolean =>
  said !== undefined &&
  reviewed.kind === 'known' &&
  issuedFor(reviewed.caller.user, undefined, {})?.account !== said.account

/** What it was issued for, now that the API server has said whose it is. */
const confirmed = (said: Issued | undefined, { user, uid }: Caller): Issued | undefined =>
  said === undefined ? issuedFor(user, uid, {}) : { ...said, accountUid: said.accountUid ?? uid }
