// Asks for the owner of a token by TokenReview.

import { randomUUID } from 'node:crypto'
import { type Authentication, known, refused, rejected } from '../../access/authentication.ts'
import type { Caller } from '../../access/caller.ts'
import type { QueueKey } from '../../access/queue-key.ts'
import { isForOneOf } from '../../common/audience.ts'
import { isRecord } from '../../common/json.ts'
import { serviceAccountOfUser } from '../../common/service-account-name.ts'
import { createReviewClient, type ReviewKind, type ReviewParts } from './review-client.ts'

export type TokenReviews = {
  /** The owner of a token. Never rejects. */
  readonly review: (asked: AskedToken) => Promise<Authentication>
}

type AskedToken = {
  readonly token: string
  readonly queueKey: QueueKey
  /** Whether a key of the cluster is known to have signed it; other tokens have a queue of their own. */
  readonly isSigned: boolean
  /** Bypasses the API server's own cache of ten seconds. */
  readonly afresh: boolean
}

const TOKEN_REVIEW: ReviewKind = {
  dependency: 'tokenreview',
  path: '/apis/authentication.k8s.io/v1/tokenreviews',
  permission: 'create tokenreviews.authentication.k8s.io',
}

/** Asks the API server whose tokens are, for lists of audiences; all lists share the limits. */
export function createTokenReviews(
  parts: ReviewParts,
): (audiences: readonly string[]) => TokenReviews {
  const signed = createReviewClient(TOKEN_REVIEW, parts)
  const limits = { ...UNSIGNED, ...parts.limits }
  const unsigned = createReviewClient(TOKEN_REVIEW, { ...parts, limits })

  return (audiences) => ({
    review: async ({ token, queueKey, isSigned, afresh }) => {
      // The API server caches tokens per audiences. No token has this random audience.
      const asked = afresh ? [...audiences, `afresh:${randomUUID()}`] : audiences
      const outcome = await (isSigned ? signed : unsigned).ask(queueKey, reviewOf(token, asked))
      if (outcome.kind === 'overloaded') return rejected('overloaded')
      if (outcome.kind === 'unavailable') return UNAVAILABLE
      return readReview(outcome.content, audiences)
    },
  })
}

const reviewOf = (token: string, audiences: readonly string[]) => ({
  apiVersion: 'authentication.k8s.io/v1',
  kind: 'TokenReview',
  spec: { token, audiences },
})

/**
 * Unsigned tokens have limits of their own, so that others continue if an authenticator behind the API server
 * hangs or forged tokens are sent.
 */
export const UNSIGNED = { running: 8, waiting: 512, waitingPerKey: 128 } as const

const UNAVAILABLE = rejected('authentication-unavailable')
const REFUSED = refused({ cause: 'refused-by-issuer' })

/**
 * Accepts only an answer with one of the requested audiences: a server that ignores audiences would accept
 * any token.
 */
function readReview(answer: unknown, audiences: readonly string[]): Authentication {
  const status = isRecord(answer) ? answer.status : undefined
  if (!isRecord(status)) return UNAVAILABLE
  if (status.authenticated !== true) {
    return isFault(status.error) ? UNAVAILABLE : REFUSED
  }
  if (!isForOneOf(textsIn(status.audiences), audiences)) {
    return refused({ cause: 'wrong-audience', claim: 'aud' })
  }
  const caller = readCaller(status.user)
  return caller === undefined ? REFUSED : known(caller)
}

// The field `error` explains both an invalid token and a failed authenticator behind the API server. The
// latter have errors of Go's HTTP client, of contexts and of etcd.
const FAULT =
  /\b(?:Get|Post) \\?"https?:|deadline exceeded|context canceled|connection refused|i\/o timeout|etcdserver|too many requests|internal error/i

const isFault = (error: unknown): boolean => typeof error === 'string' && FAULT.test(error)

function readCaller(user: unknown): Caller | undefined {
  if (!isRecord(user) || typeof user.username !== 'string') return undefined
  const { username, uid, extra } = user
  if (username === '' || username === 'system:anonymous') return undefined
  const account = serviceAccountOfUser(username)
  const entries = Object.entries(isRecord(extra) ? extra : {})
  return {
    kind: 'kubernetes',
    user: username,
    groups: textsIn(user.groups),
    uid: typeof uid === 'string' && uid !== '' ? uid : undefined,
    extra: Object.fromEntries(entries.map(([key, values]) => [key, textsIn(values)])),
    inRbac: true,
    reference: account === undefined ? username : `${account.namespace}/${account.name}`,
  }
}

const textsIn = (value: unknown): readonly string[] =>
  Array.isArray(value) ? value.filter((entry) => typeof entry === 'string') : []
