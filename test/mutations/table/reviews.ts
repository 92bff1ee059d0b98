import { mutations } from '../mutation.ts'

const INFINITE = 'Number.POSITIVE_INFINITY'
const QUEUE = 'kubernetes/reviews/fair-queue'
const REVIEWS = ['kubernetes/reviews/review-client', 'kubernetes/reviews/overload'] as const
const LANES = [
  'kubernetes/reviews/token-review',
  'kubernetes/reviews/cluster-lanes',
  'kubernetes/reviews/overload',
] as const
const BREAKER = 'kubernetes/reviews/circuit-breaker'
const CACHE = 'common/cache'

const LIMITS = '{ ...REVIEW_LIMITS, ...given }'
const unlimited = (name: string) => LIMITS.replace('...given', `${name}: ${INFINITE}, ...given`)
const UNSIGNED = '{ ...UNSIGNED, ...parts.limits }'
const unsigned = (name: string) => UNSIGNED.replace('...parts', `${name}: ${INFINITE}, ...parts`)
const SIGNATURES = 'createFairQueue(VERIFICATIONS)'
const signatures = (name: string) => `createFairQueue({ ...VERIFICATIONS, ${name}: ${INFINITE} })`
const IN_FLIGHT = 'createInFlight<Verified<T>>(IN_FLIGHT)'
const inFlight = (name: string) =>
  `createInFlight<Verified<T>>({ ...IN_FLIGHT, ${name}: ${INFINITE} })`
const ALLOWANCES = 'budgets: createRateLimits(ALLOWANCES),'
const allowances = (name: string) =>
  `budgets: createRateLimits({ ...ALLOWANCES, ${name}: { burst: ${INFINITE}, perSecond: 0 } }),`

export const REVIEW_ROWS = mutations([
  [
    'TokenReviews at a time',
    'kubernetes/reviews/fair-queue.ts',
    'if (underWay < running) {',
    'if (underWay >= 0) {',
    QUEUE,
  ],
  [
    'TokenReviews that wait',
    'kubernetes/reviews/fair-queue.ts',
    'if (length < waiting) return true',
    'return true',
    QUEUE,
  ],
  [
    'TokenReviews that wait for one service',
    'kubernetes/reviews/fair-queue.ts',
    'ahead >= waitingPerKey || ',
    '',
    QUEUE,
  ],
  [
    'wait of any of these',
    'kubernetes/reviews/fair-queue.ts',
    'until: performance.now() + patienceMs',
    `until: ${INFINITE}`,
    QUEUE,
  ],
  [
    'TokenReviews at a time',
    'kubernetes/reviews/review-client.ts',
    LIMITS,
    unlimited('running'),
    ...REVIEWS,
  ],
  [
    'TokenReviews that wait',
    'kubernetes/reviews/review-client.ts',
    LIMITS,
    unlimited('waiting'),
    ...REVIEWS,
  ],
  [
    'TokenReviews that wait for one service',
    'kubernetes/reviews/review-client.ts',
    LIMITS,
    unlimited('waitingPerKey'),
    ...REVIEWS,
  ],
  [
    'wait of any of these',
    'kubernetes/reviews/review-client.ts',
    LIMITS,
    unlimited('patienceMs'),
    ...REVIEWS,
  ],
  [
    'time of a TokenReview or SubjectAccessReview, waiting included',
    'kubernetes/reviews/review-client.ts',
    'AbortSignal.timeout(limits.callMs)',
    'new AbortController().signal',
    ...REVIEWS,
  ],
  [
    'failures of them in a row until none is asked',
    'kubernetes/reviews/review-client.ts',
    LIMITS,
    unlimited('tolerated'),
    ...REVIEWS,
  ],
  [
    'failures of them in a row until none is asked',
    'kubernetes/reviews/circuit-breaker.ts',
    'failures <= tolerated && ',
    '',
    BREAKER,
  ],
  [
    'the first time without them',
    'kubernetes/reviews/circuit-breaker.ts',
    'backoffMs(failures - tolerated, firstRestMs, longestRestMs)',
    '0',
    BREAKER,
  ],
  [
    'the longest time without them',
    'common/backoff.ts',
    'Math.min(longestMs, firstMs * 2',
    '(firstMs * 2',
    'common/backoff',
  ],
  [
    'the longest time without them',
    'kubernetes/reviews/circuit-breaker.ts',
    'Math.min(longestRestMs, Math.max(askedMs, rest))',
    'Math.max(askedMs, rest)',
    BREAKER,
  ],
  [
    'src/common/backoff.ts DOUBLINGS',
    'common/backoff.ts',
    'Math.min(Math.max(failures - 1, 0), DOUBLINGS)',
    'Math.max(failures - 1, 0)',
    'common/backoff',
  ],
  [
    'TokenReviews at a time of tokens that the cluster may not have signed',
    'kubernetes/reviews/token-review.ts',
    UNSIGNED,
    unsigned('running'),
    ...LANES,
  ],
  [
    'TokenReviews that wait, of tokens that the cluster may not have signed',
    'kubernetes/reviews/token-review.ts',
    UNSIGNED,
    unsigned('waiting'),
    ...LANES,
  ],
  [
    'such TokenReviews that wait for one service',
    'kubernetes/reviews/token-review.ts',
    UNSIGNED,
    unsigned('waitingPerKey'),
    ...LANES,
  ],
  [
    'such TokenReviews at once, then 50 a second',
    'app/cluster-identity.ts',
    ALLOWANCES,
    allowances('perService'),
    'app/cluster-identity',
  ],
  [
    'such TokenReviews at once, then 75 a second',
    'app/cluster-identity.ts',
    ALLOWANCES,
    allowances('perTenant'),
    'app/cluster-identity',
  ],
  [
    'such TokenReviews at once, then 100 a second',
    'app/cluster-identity.ts',
    ALLOWANCES,
    allowances('perProxy'),
    'app/cluster-identity',
  ],
  [
    'such TokenReviews at once, then 200 a second',
    'app/cluster-identity.ts',
    ALLOWANCES,
    allowances('inAll'),
    'app/cluster-identity',
  ],
  [
    'such TokenReviews at once, then 50 a second',
    'kubernetes/reviews/rate-limits.ts',
    "if (!services.has(id, now)) return 'service'",
    '',
    'kubernetes/reviews/rate-limits',
  ],
  [
    'such TokenReviews at once, then 75 a second',
    'kubernetes/reviews/rate-limits.ts',
    "if (!tenants.has(service.namespace, now)) return 'tenant'",
    '',
    'kubernetes/reviews/rate-limits',
  ],
  [
    'such TokenReviews at once, then 100 a second',
    'kubernetes/reviews/rate-limits.ts',
    "if (!proxies.has(address, now)) return 'proxy'",
    '',
    'kubernetes/reviews/rate-limits',
  ],
  [
    'such TokenReviews at once, then 200 a second',
    'kubernetes/reviews/rate-limits.ts',
    "if (!all.has('', now)) return 'all'",
    '',
    'kubernetes/reviews/rate-limits',
  ],
  [
    'services, namespaces or proxies whose such TokenReviews are counted',
    'kubernetes/reviews/rate-limits.ts',
    'buckets.size < MAX_HOLDERS || buckets.has(holder)',
    'true',
    'kubernetes/reviews/rate-limits',
  ],
  [
    'services, namespaces or proxies whose such TokenReviews are counted',
    'kubernetes/reviews/rate-limits.ts',
    'if (buckets.size >= MAX_HOLDERS) dropFull(now)',
    '',
    'kubernetes/reviews/rate-limits',
  ],
  [
    'src/kubernetes/reviews/rate-limits.ts DROP_MS',
    'kubernetes/reviews/rate-limits.ts',
    'if (now - dropped < DROP_MS) return',
    '',
    'kubernetes/reviews/rate-limits',
  ],
  [
    'src/common/token-bucket.ts burst',
    'common/token-bucket.ts',
    'Math.min(burst, left + (Math.max(0, now - at) / 1_000) * perSecond)',
    'left + (Math.max(0, now - at) / 1_000) * perSecond',
    'common/token-bucket',
  ],
  [
    'signatures verified at a time',
    'app/verifications.ts',
    SIGNATURES,
    signatures('running'),
    'overload',
  ],
  ['signatures that wait', 'app/verifications.ts', SIGNATURES, signatures('waiting'), 'overload'],
  [
    'signatures that wait for one service',
    'app/verifications.ts',
    SIGNATURES,
    signatures('waitingPerKey'),
    'overload',
  ],
  [
    'wait of any of these',
    'app/verifications.ts',
    SIGNATURES,
    signatures('patienceMs'),
    'overload',
  ],
  [
    'JWTs that wait for keys or their turn',
    'tokens/caching-verifier.ts',
    IN_FLIGHT,
    inFlight('inAll'),
    'tokens/waiting-tokens',
  ],
  [
    'JWTs of one namespace that wait for keys or their turn',
    'tokens/caching-verifier.ts',
    IN_FLIGHT,
    inFlight('perTenant'),
    'tokens/waiting-tokens',
  ],
  [
    'JWTs that wait for keys or their turn',
    'tokens/in-flight.ts',
    'size >= inAll || ',
    '',
    'tokens/in-flight',
  ],
  [
    'JWTs of one namespace that wait for keys or their turn',
    'tokens/in-flight.ts',
    ' || shareOf(tenant) >= perTenant',
    '',
    'tokens/in-flight',
  ],
  ['good Kubernetes tokens kept', 'common/cache.ts', 'shareByKey.size > max || ', '', CACHE],
  [
    'good Kubernetes tokens kept',
    'common/cache.ts',
    ' || size > maxSize) shareToCut',
    ') shareToCut',
    CACHE,
  ],
  [
    'good Kubernetes tokens kept',
    'kubernetes/reviews/token-cache.ts',
    'createCache(GOOD)',
    `createCache({ entries: ${INFINITE}, bytes: 2 ** 50 })`,
    'app/caches',
  ],
  [
    'bad Kubernetes tokens kept',
    'kubernetes/reviews/token-cache.ts',
    'createCache(BAD)',
    `createCache({ entries: ${INFINITE}, bytes: 2 ** 50 })`,
    'app/caches',
  ],
  [
    'permissions kept',
    'kubernetes/reviews/access-review.ts',
    'createCache(KNOWN)',
    `createCache({ entries: ${INFINITE}, bytes: 2 ** 50 })`,
    'app/caches',
  ],
  [
    'verified JWTs kept',
    'tokens/caching-verifier.ts',
    'let good: Cache<Good<T>> = createCache(REMEMBERED)',
    `let good: Cache<Good<T>> = createCache({ entries: ${INFINITE}, bytes: 2 ** 50 })`,
    'app/caches',
  ],
  [
    'verified JWTs kept',
    'tokens/caching-verifier.ts',
    '    good = createCache(REMEMBERED)',
    `    good = createCache({ entries: ${INFINITE}, bytes: 2 ** 50 })`,
    'app/caches',
  ],
  [
    "callers of a folder's tokens kept",
    'app/folder-source.ts',
    'createCache(CALLERS)',
    `createCache({ entries: ${INFINITE}, bytes: 2 ** 50 })`,
    'app/caches',
  ],
])
