import { type Authentication, known, rejected } from '../access/authentication.ts'
import type { Cache, CreateCache } from '../access/cache.ts'
import type { Caller } from '../access/caller.ts'
import type { DenyReason } from '../access/decision.ts'
import type { Soon } from '../access/soon.ts'
import type { ApiServer } from './api-server.ts'
import { isFields } from './fields.ts'
import { createSharedCalls } from './shared-call.ts'

export type TokenReviews = {
  /** `expiresAt` in milliseconds since the epoch, where the token says so. Never rejects. */
  readonly review: (
    token: string,
    digest: string,
    expiresAt: number | undefined,
  ) => Soon<Authentication>
  readonly forget: (digest: string) => void
}

export type ReviewPeriods = {
  readonly positiveMs: number
  readonly negativeMs: number
  /** For one call: longer than any answer waits, so that a retry finds it. */
  readonly callMs: number
}

export const REVIEW_PERIODS: ReviewPeriods = {
  positiveMs: 60_000,
  negativeMs: 5_000,
  callMs: 3_000,
}

const MAX_KNOWN = 10_000
const MAX_REFUSED = 2_000
const MAX_CALLS = 64
const PATH = '/apis/authentication.k8s.io/v1/tokenreviews'

/** Asks the API server whose tokens are, once for identical ones, and remembers the answers. */
export function createTokenReviews(
  api: ApiServer,
  audiences: readonly string[],
  createCache: CreateCache,
  periods: ReviewPeriods = REVIEW_PERIODS,
): TokenReviews {
  const good: Cache<Authentication> = createCache(MAX_KNOWN)
  const bad: Cache<Authentication> = createCache(MAX_REFUSED)
  const share = createSharedCalls<Authentication>(MAX_CALLS)

  return {
    review: (token, digest, expiresAt) =>
      good.get(digest) ??
      bad.get(digest) ??
      share(digest, () => ask(token, digest, expiresAt)) ??
      rejected('overloaded'),
    forget: good.delete,
  }

  async function ask(token: string, digest: string, expiresAt = Number.POSITIVE_INFINITY) {
    try {
      const answer = await api.send({
        method: 'POST',
        path: PATH,
        body: {
          apiVersion: 'authentication.k8s.io/v1',
          kind: 'TokenReview',
          spec: { token, audiences },
        },
        signal: AbortSignal.timeout(periods.callMs),
      })
      const authentication = readReview(answer, audiences)
      if (authentication.kind === 'known') {
        good.set(digest, authentication, Math.min(periods.positiveMs, expiresAt - Date.now()))
      } else if (authentication.reason !== UNAVAILABLE) {
        bad.set(digest, authentication, periods.negativeMs)
      }
      return authentication
    } catch {
      return rejected(UNAVAILABLE)
    }
  }
}

const UNAVAILABLE: DenyReason = 'authentication-unavailable'

/** Accepts only what names one of our audiences: a server that knows none of them would accept any token. */
function readReview(answer: unknown, audiences: readonly string[]): Authentication {
  const status = isFields(answer) ? answer.status : undefined
  if (!isFields(status)) return rejected(UNAVAILABLE)
  if (status.authenticated !== true) return rejected('invalid-token')
  if (!textsIn(status.audiences).some((audience) => audiences.includes(audience))) {
    return rejected('wrong-audience')
  }
  const caller = readCaller(status.user)
  return caller === undefined ? rejected('invalid-token') : known(caller)
}

function readCaller(user: unknown): Caller | undefined {
  if (!isFields(user) || typeof user.username !== 'string') return undefined
  const { username, uid, extra } = user
  if (username === '' || username === 'system:anonymous') return undefined
  const entries = Object.entries(isFields(extra) ? extra : {})
  return {
    kind: 'kubernetes',
    user: username,
    groups: textsIn(user.groups),
    uid: typeof uid === 'string' && uid !== '' ? uid : undefined,
    extra: Object.fromEntries(entries.map(([key, values]) => [key, textsIn(values)])),
    inRbac: true,
    reference: username.replace(/^system:serviceaccount:([^:]+):/, '$1/'),
  }
}

const textsIn = (value: unknown): readonly string[] =>
  Array.isArray(value) ? value.filter((entry) => typeof entry === 'string') : []
