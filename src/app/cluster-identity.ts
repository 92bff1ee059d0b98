// Composes authentication and permissions with a cluster.

import { hash, randomBytes } from 'node:crypto'
import type { Audiences } from '../access/authentication.ts'
import type { AuthenticateToken, IdentitySources } from '../access/identify.ts'
import { createCache } from '../common/cache.ts'
import { CACHE_PERIODS } from '../common/cache-periods.ts'
import type { CacheCounts } from '../common/measurements.ts'
import { ALLOWANCES, createRateLimits } from '../common/rate-limits.ts'
import type { ApiServer } from '../kubernetes/client/api-server.ts'
import { type AccessReviews, createAccessReviews } from '../kubernetes/reviews/access-review.ts'
import {
  type ClusterAuthentication,
  createClusterAuthentication,
} from '../kubernetes/reviews/cluster-authentication.ts'
import { type ClusterIssuer, createClusterIssuer } from '../kubernetes/reviews/cluster-issuer.ts'
import { perAudiences } from '../kubernetes/reviews/per-audiences.ts'
import type { ReviewParts } from '../kubernetes/reviews/review-client.ts'
import {
  followRevocations,
  NO_REVOCATIONS,
  type Revocations,
} from '../kubernetes/reviews/revocations.ts'
import {
  createSharedTokenCache,
  type SharedTokenCache,
} from '../kubernetes/reviews/shared-token-cache.ts'
import { createTokenReviews } from '../kubernetes/reviews/token-review.ts'
import type { InformerState } from '../kubernetes/watch/informers.ts'
import { readBearer } from '../tokens/bearer.ts'
import { type ClusterSignatures, createClusterSignatures } from '../tokens/cluster-signatures.ts'
import { jwksFetcher } from '../tokens/fetch-jwks.ts'
import type { ResourceState, SharedSourceParts } from './fact-source.ts'

/** Authentication and permissions, according to a cluster. */
export type ClusterIdentity = Pick<IdentitySources, 'authenticateToken' | 'grants'> & {
  readonly permits: AccessReviews['permits']
  readonly synced: () => boolean
  readonly resources: () => readonly ResourceState[]
  /** Whether revocations take effect immediately, not only when cache entries expire. */
  readonly revokesInstantly: () => boolean
  readonly caches: () => readonly CacheCounts[]
  readonly close: () => Promise<void>
}

export type ClusterApis = {
  readonly watching: ApiServer
  readonly asking: ApiServer
}

/** Longest wait for an object that was just created, in milliseconds: less than the deadline of an answer. */
const WAIT_MS = 300

export function openClusterIdentity(apis: ClusterApis, parts: SharedSourceParts): ClusterIdentity {
  const { kubernetes } = parts.config
  const stop = new AbortController()
  const watch = kubernetes.instantRevocation
    ? followRevocations(apis.watching, kubernetes.namespaces, parts.reportOutage)
    : NO_REVOCATIONS
  const issuer = createClusterIssuer(kubernetes.issuer, {
    api: apis.asking,
    observer: observerOf(parts),
    failed: (problem, lasting) => parts.reportOutage(ISSUER, problem, lasting),
    signal: stop.signal,
  })
  const signatures = signaturesOf(issuer, parts)
  const reviews = createAccessReviews({
    ...questionsOf('subjectaccessreviews', apis.asking, parts),
    createCache,
    periods: CACHE_PERIODS,
    changes: watch.changes,
    namespace: parts.inspection?.namespace,
  })
  const memory = createSharedTokenCache(createCache, watch.accounts, CACHE_PERIODS)
  const authentication = authenticationOf(apis.asking, watch, issuer, signatures, memory, parts)
  return {
    authenticateToken: tokensOf(authentication),
    permits: reviews.permits,
    grants: reviews.grants,
    synced: () =>
      watch.synced() && (issuer.name() !== undefined || parts.inspection?.namespace !== undefined),
    resources: () => [...watch.states().map(resourceOf), stateOf(issuer)],
    revokesInstantly: watch.current,
    caches: () => [memory.counts(), reviews.counts()],
    close: async () => {
      stop.abort()
      signatures.close()
      await watch.close()
    },
  }
}

const ISSUER = 'openid-configuration'

const resourceOf = ({ problem, ...state }: InformerState): ResourceState => ({
  ...state,
  detail: problem,
})

const stateOf = ({ name, problem }: ClusterIssuer): ResourceState => ({
  resource: ISSUER,
  synced: name() !== undefined,
  restarts: 0,
  detail: problem(),
})

function authenticationOf(
  api: ApiServer,
  { accounts, current }: Revocations,
  issuer: ClusterIssuer,
  { signatureOf }: ClusterSignatures,
  memory: SharedTokenCache,
  parts: SharedSourceParts,
): AuthenticationFor {
  const { kubernetes, jwt } = parts.config
  // A key as long as a SHA-256 block, before digests of constant length, makes a keyed hash without the cost
  // of an HMAC.
  const key = randomBytes(32).toString('hex')
  const shared = {
    opaquePrefixes: kubernetes.opaqueTokenPrefixes,
    issuer: issuer.name,
    foreignIssuers: jwt.providers.map((provider) => provider.issuer),
    inspect: (token: string) => readBearer(token, parts.decodeToken),
    accounts,
    watching: current,
    signatureOf,
    budgets: createRateLimits(ALLOWANCES),
    keyed: (text: string) => hash('sha256', key + text, 'base64'),
    memory,
    observer: observerOf(parts),
    periods: CACHE_PERIODS,
    waitMs: WAIT_MS,
  }
  const reviewsFor = createTokenReviews(questionsOf('tokenreviews', api, parts))
  return perAudiences(kubernetes.audiences, (audiences) =>
    createClusterAuthentication({
      ...shared,
      audiences,
      reviews: reviewsFor(audiences),
    }),
  )
}

/** A policy may have audiences of its own. */
type AuthenticationFor = (audiences: Audiences) => ClusterAuthentication

/** Tokens signed by the cluster have a queue apart from tokens that anybody can make. */
function signaturesOf(
  { fetchKeys }: ClusterIssuer,
  { config, reportFault, verifications, decodeToken }: SharedSourceParts,
): ClusterSignatures {
  const { jwksFile: file } = config.kubernetes
  return createClusterSignatures({
    fetchKeys: file === null ? fetchKeys : jwksFetcher({ kind: 'file', file }),
    onFetched: ({ error }) => {
      if (error !== undefined) reportFault("cannot fetch the cluster's keys", error)
    },
    verifications,
    decode: decodeToken,
  })
}

const observerOf = ({ observeDependency, observeShed }: SharedSourceParts) => ({
  asked: observeDependency ?? (() => {}),
  shed: observeShed ?? (() => {}),
})

const questionsOf = (resource: string, api: ApiServer, parts: SharedSourceParts): ReviewParts => ({
  api,
  observer: observerOf(parts),
  failed: (problem) => parts.reportOutage(resource, problem),
})

const tokensOf =
  (authentication: AuthenticationFor): AuthenticateToken =>
  ({ value, asToken }, digest, asker, audiences) =>
    asToken ? authentication(audiences).authenticate(value, digest, asker) : undefined
