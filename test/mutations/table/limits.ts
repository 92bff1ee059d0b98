import { mutations } from '../mutation.ts'

const INFINITE = 'Number.POSITIVE_INFINITY'
const CACHE = 'common/cache'
const SIGNATURES = 'createFairQueue(VERIFICATIONS)'
const signatures = (name: string) => `createFairQueue({ ...VERIFICATIONS, ${name}: ${INFINITE} })`
const IN_FLIGHT = 'createInFlight<Verified<T>>(IN_FLIGHT)'
const inFlight = (name: string) =>
  `createInFlight<Verified<T>>({ ...IN_FLIGHT, ${name}: ${INFINITE} })`
const ALLOWANCES = 'budgets: createRateLimits(ALLOWANCES),'
const allowances = (name: string) =>
  `budgets: createRateLimits({ ...ALLOWANCES, ${name}: { burst: ${INFINITE}, perSecond: 0 } }),`

export const LIMITS = mutations([
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
    'common/rate-limits.ts',
    "if (!services.has(service, now)) return 'service'",
    '',
    'common/rate-limits',
  ],
  [
    'such TokenReviews at once, then 75 a second',
    'common/rate-limits.ts',
    "if (!tenants.has(tenant, now)) return 'tenant'",
    '',
    'common/rate-limits',
  ],
  [
    'such TokenReviews at once, then 100 a second',
    'common/rate-limits.ts',
    "if (!proxies.has(proxy, now)) return 'proxy'",
    '',
    'common/rate-limits',
  ],
  [
    'such TokenReviews at once, then 200 a second',
    'common/rate-limits.ts',
    "if (!all.has('', now)) return 'all'",
    '',
    'common/rate-limits',
  ],
  [
    'services, namespaces or proxies whose such TokenReviews or introspections are counted',
    'common/rate-limits.ts',
    'buckets.size < MAX_HOLDERS || buckets.has(holder)',
    'true',
    'common/rate-limits',
  ],
  [
    'services, namespaces or proxies whose such TokenReviews or introspections are counted',
    'common/rate-limits.ts',
    'if (buckets.size >= MAX_HOLDERS) dropFull(now)',
    '',
    'common/rate-limits',
  ],
  [
    'src/common/rate-limits.ts DROP_MS',
    'common/rate-limits.ts',
    'if (now - dropped < DROP_MS) return',
    '',
    'common/rate-limits',
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
  [
    'signatures that wait',
    'app/verifications.ts',
    SIGNATURES,
    signatures('waiting'),
    'app/verifications',
  ],
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
