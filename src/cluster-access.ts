import { hash, randomBytes } from 'node:crypto'
import type { Audiences } from './access/authentication.ts'
import type { AuthenticateToken, IdentitySources } from './access/identify.ts'
import { createCache } from './caches/fair.ts'
import type { ResourceState, SharedParts } from './fact-source.ts'
import { createAccessReviews } from './kubernetes/access-review.ts'
import type { ApiServer } from './kubernetes/api-server.ts'
import { type Allowances, createBudgets } from './kubernetes/budgets.ts'
import {
  type ClusterAuthentication,
  createClusterAuthentication,
} from './kubernetes/cluster-authentication.ts'
import { type ClusterIssuer, createClusterIssuer } from './kubernetes/issuer.ts'
import { PERIODS } from './kubernetes/known-tokens.ts'
import type { CacheCounts } from './kubernetes/observer.ts'
import { perAudiences } from './kubernetes/per-audiences.ts'
import type { QuestionParts } from './kubernetes/questions.ts'
import { followRevocations, NO_REVOCATIONS, type Revocations } from './kubernetes/revocations.ts'
import type { CollectionState } from './kubernetes/source.ts'
import { createTokenMemory, type TokenMemory } from './kubernetes/token-memory.ts'
import { createTokenReviews } from './kubernetes/token-review.ts'
import { readBearer } from './tokens/bearer.ts'
import { type ClusterSignatures, createClusterSignatures } from './tokens/cluster-signatures.ts'
import { fetchingFrom } from './tokens/fetch-keys.ts'

/** Who calls and what he may do, as a cluster tells. */
export type ClusterAccess = Pick<IdentitySources, 'authenticateToken' | 'permits'> & {
  readonly synced: () => boolean
  readonly resources: () => readonly ResourceState[]
  /** Whether what is revoked counts no more at once, and not only when it is forgotten. */
  readonly revokesInstantly: () => boolean
  readonly caches: () => readonly CacheCounts[]
  readonly close: () => Promise<void>
}

export type ClusterApis = {
  readonly watching: ApiServer
  readonly asking: ApiServer
}

/** For an object that was just made: below the deadline of an answer, in milliseconds. */
const WAIT_MS = 300

/** Of look-ups for tokens that the cluster does not seem to have signed. */
export const ALLOWANCES: Allowances = {
  perService: { burst: 100, perSecond: 50 },
  perTenant: { burst: 150, perSecond: 75 },
  perProxy: { burst: 200, perSecond: 100 },
  inAll: { burst: 400, perSecond: 200 },
}

export function openClusterAccess(apis: ClusterApis, parts: SharedParts): ClusterAccess {
  const { kubernetes } = parts.config
  const stop = new AbortController()
  const watch = kubernetes.instantRevocation
    ? followRevocations(apis.watching, kubernetes.namespaces, parts.reportOutage)
    : NO_REVOCATIONS
  const issuer = createClusterIssuer(kubernetes.issuer, {
    api: apis.asking,
    observer: observerOf(parts),
    failed: (problem) => parts.reportOutage(ISSUER, problem),
    signal: stop.signal,
  })
  const signatures = signaturesOf(issuer, parts)
  const reviews = createAccessReviews({
    ...questionsOf('subjectaccessreviews', apis.asking, parts),
    createCache,
    periods: PERIODS,
    changes: watch.changes,
  })
  const memory = createTokenMemory(createCache, watch.accounts, PERIODS)
  const authentication = authenticationOf(apis.asking, watch, issuer, signatures, memory, parts)
  return {
    authenticateToken: tokensOf(authentication),
    permits: reviews.permits,
    synced: () => watch.synced() && issuer.name() !== undefined,
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

const resourceOf = ({ problem, ...state }: CollectionState): ResourceState => ({
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
  memory: TokenMemory,
  parts: SharedParts,
): AuthenticationFor {
  const { kubernetes, jwt } = parts.config
  // As long as a block of SHA-256, before digests whose length never changes: no need of an HMAC, which is slow.
  const key = randomBytes(32).toString('hex')
  const shared = {
    opaquePrefixes: kubernetes.opaqueTokenPrefixes,
    issuer: issuer.name,
    foreignIssuers: jwt.providers.map((provider) => provider.issuer),
    inspect: readBearer,
    accounts,
    watching: current,
    signatureOf,
    budgets: createBudgets(ALLOWANCES),
    keyed: (text: string) => hash('sha256', key + text, 'base64'),
    memory,
    observer: observerOf(parts),
    periods: PERIODS,
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

/** A policy may ask for audiences of its own. */
type AuthenticationFor = (audiences: Audiences) => ClusterAuthentication

/** Tokens that the cluster signed are looked up apart from those that anybody can make. */
function signaturesOf(
  { fetchKeys }: ClusterIssuer,
  { config, reportFault, verifications }: SharedParts,
): ClusterSignatures {
  const { jwksFile: file } = config.kubernetes
  return createClusterSignatures({
    fetchKeys: file === null ? fetchKeys : fetchingFrom({ kind: 'file', file }),
    onFetched: ({ error }) => {
      if (error !== undefined) reportFault("trouble with the cluster's keys", error)
    },
    verifications,
  })
}

const observerOf = ({ observeDependency, observeShed }: SharedParts) => ({
  asked: observeDependency ?? (() => {}),
  shed: observeShed ?? (() => {}),
})

const questionsOf = (resource: string, api: ApiServer, parts: SharedParts): QuestionParts => ({
  api,
  observer: observerOf(parts),
  failed: (problem) => parts.reportOutage(resource, problem),
})

const tokensOf =
  (authentication: AuthenticationFor): AuthenticateToken =>
  ({ value, asToken }, digest, asker, audiences) =>
    asToken ? authentication(audiences).authenticate(value, digest, asker) : undefined
