import { hash } from 'node:crypto'
import type { Authentication } from '../../../src/access/authentication.ts'
import type { Asker } from '../../../src/access/identify.ts'
import { type CreateCache, createCache as createFairCache } from '../../../src/common/cache.ts'
import { CACHE_PERIODS } from '../../../src/common/cache-periods.ts'
import type { CallLimits } from '../../../src/common/dependency-calls.ts'
import type { MaybePromise } from '../../../src/common/maybe-promise.ts'
import { createRateLimits } from '../../../src/common/rate-limits.ts'
import {
  type ClusterAuthenticationParts,
  createClusterAuthentication,
} from '../../../src/kubernetes/reviews/cluster-authentication.ts'
import { createSharedTokenCache } from '../../../src/kubernetes/reviews/shared-token-cache.ts'
import { createTokenOwners } from '../../../src/kubernetes/reviews/token-owners.ts'
import { createTokenReviews } from '../../../src/kubernetes/reviews/token-review.ts'
import type { Listed } from '../../../src/kubernetes/watch/watch-event.ts'
import { decodeToken } from '../../../src/tokens/decode-token.ts'
import { compact } from '../../tokens/support.ts'
import { fakeApi } from './asking.ts'

export const ISSUER = 'https://kubernetes.default.svc'
export const WAIT_MS = 300
const LARGE = { burst: 1_000_000, perSecond: 1_000_000 }

/** The ServiceAccount team/reader, or a later one of that name. */
export const account = (uid = 'uid-1'): Listed => ({
  key: 'team/reader',
  version: '1',
  content: { metadata: { uid } },
})

export const secret = (uid = 'secret-1', version = '1'): Listed => ({
  key: 'team/token',
  version,
  content: { metadata: { uid } },
})

/** The API server's review of a token of team/reader. */
export const GOOD = {
  status: {
    authenticated: true,
    audiences: [ISSUER],
    user: { username: 'system:serviceaccount:team:reader', uid: 'uid-1', groups: ['g'] },
  },
}
export const BAD = { status: { user: {}, error: '[invalid bearer token, no keys found]' } }

export const ASKER: Asker = {
  service: { kind: 'InferenceService', namespace: 'team', name: 'iris' },
  proxy: () => '10.0.0.1',
}

type Given = Partial<ClusterAuthenticationParts> & {
  readonly limits?: Partial<CallLimits>
  readonly createCache?: CreateCache
}

/** Authentication by an API server with scripted answers; team/reader exists. */
export function authenticating(
  answer: Parameters<typeof fakeApi>[0] = () => GOOD,
  { limits, createCache = createFairCache, ...given }: Given = {},
) {
  const api = fakeApi(answer, limits)
  const accounts = createTokenOwners([])
  accounts.accounts.put(account())
  const memory = given.memory ?? createSharedTokenCache(createCache, accounts, CACHE_PERIODS)
  const { counts } = memory
  const { authenticate } = createClusterAuthentication({
    audiences: [ISSUER],
    opaquePrefixes: ['sha256~'],
    issuer: () => ISSUER,
    foreignIssuers: [],
    inspect: decodeToken,
    reviews: createTokenReviews(api.parts)(given.audiences ?? [ISSUER]),
    accounts,
    watching: () => true,
    signatureOf: () => Promise.resolve('signed'),
    budgets: createRateLimits({
      perService: LARGE,
      perTenant: LARGE,
      perProxy: LARGE,
      inAll: LARGE,
    }),
    keyed: (digest) => `keyed ${digest}`,
    memory,
    observer: api.observer,
    periods: CACHE_PERIODS,
    waitMs: WAIT_MS,
    ...given,
  })
  const ask = (token: string, asker: Asker = ASKER) =>
    authenticate(token, hash('sha256', token), asker)
  return {
    ...api,
    accounts,
    counts,
    /** Synchronous for a cached token, else a promise. */
    ask,
    verdict: async (token: string, asker?: Asker) => verdictOf(await ask(token, asker)),
    /** The cached result; `undefined`: there is none. */
    remembered: (token: string) => {
      const now: MaybePromise<Authentication | undefined> = ask(token)
      if (!(now instanceof Promise)) return verdictOf(now)
      now.catch(() => {})
      return undefined
    },
  }
}

/** The user, or the reason of the refusal; `foreign`: not a token of the cluster. */
function verdictOf(authentication: Authentication | undefined): string {
  if (authentication === undefined) return 'foreign'
  return authentication.kind === 'known' ? authentication.caller.reference : authentication.reason
}

let count = 0

/** A token of team/reader; each is different. */
export function aToken(claims: object = {}): string {
  count += 1
  const kubernetes = { namespace: 'team', serviceaccount: { name: 'reader', uid: 'uid-1' } }
  return compact(
    { alg: 'ES256', kid: 'k' },
    {
      iss: ISSUER,
      aud: [ISSUER],
      exp: Math.floor(Date.now() / 1_000) + 3_600,
      jti: String(count),
      sub: 'system:serviceaccount:team:reader',
      'kubernetes.io': kubernetes,
      ...claims,
    },
  )
}

/** A token from the Secret team/token. */
export function aLegacyToken(): string {
  count += 1
  const prefix = 'kubernetes.io/serviceaccount'
  return compact(
    { alg: 'ES256', kid: 'k' },
    {
      iss: 'kubernetes/serviceaccount',
      sub: 'system:serviceaccount:team:reader',
      [`${prefix}/secret.name`]: 'token',
      [`${prefix}/service-account.uid`]: 'uid-1',
      [`${prefix}/namespace`]: `team-${count}`,
    },
  )
}
