import { mutations } from '../mutation.ts'

const INFINITE = 'Number.POSITIVE_INFINITY'
const AUTHENTICATION = 'kubernetes/reviews/cluster-authentication'
const TTL = 'Math.min(periods.positiveMs, (lifetime.expiresAt ?? NEVER) - Date.now())'

/** Bounds that are not on the page: work between two turns, ages of what is remembered, and ends. */
export const AGES = mutations([
  [
    'src/kubernetes/reviews/token-cache.ts positiveMs',
    'kubernetes/reviews/token-cache.ts',
    TTL,
    '(lifetime.expiresAt ?? NEVER) - Date.now()',
    AUTHENTICATION,
  ],
  [
    'src/kubernetes/reviews/token-cache.ts expiresAt',
    'kubernetes/reviews/token-cache.ts',
    TTL,
    'periods.positiveMs',
    AUTHENTICATION,
  ],
  [
    'src/kubernetes/reviews/token-cache.ts negativeMs',
    'kubernetes/reviews/token-cache.ts',
    'dueAt: NEVER }, periods.negativeMs,',
    'dueAt: NEVER }, 2 ** 30,',
    AUTHENTICATION,
  ],
  [
    'src/kubernetes/reviews/access-review.ts positiveMs',
    'kubernetes/reviews/access-review.ts',
    "Math.min(permission === 'yes' ? positiveMs : negativeMs, trustedMs(ageMs))",
    'Math.min(2 ** 30, trustedMs(ageMs))',
    'kubernetes/reviews/permissions',
  ],
  [
    'src/kubernetes/reviews/access-review.ts trustedMs',
    'kubernetes/reviews/access-review.ts',
    "Math.min(permission === 'yes' ? positiveMs : negativeMs, trustedMs(ageMs))",
    "permission === 'yes' ? positiveMs : negativeMs",
    'kubernetes/reviews/permissions',
  ],
  [
    'src/tokens/caching-verifier.ts until',
    'tokens/caching-verifier.ts',
    'found.until > Date.now() ? found.verified : EXPIRED',
    'found.verified',
    'tokens/jwt-providers',
    'tokens/refusal-causes',
  ],
  [
    'src/app/fact-freshness.ts longestMs',
    'app/fact-freshness.ts',
    'if (at - heard[fact] <= longestMs[bound]) return true',
    'if (heard[fact] > NEVER) return true',
    'app/fact-freshness',
  ],
  [
    'src/app/fact-freshness.ts longestMs',
    'app/fact-freshness.ts',
    'heard[fact] = heardAt(fact)\n    return at - heard[fact] <= longestMs[bound]',
    'heard[fact] = heardAt(fact)\n    return heard[fact] > NEVER',
    'app/fact-freshness',
  ],
  [
    'src/app/fact-freshness.ts boundsIn',
    'app/fact-freshness.ts',
    'Math.min(address, object)',
    'address',
    'app/fact-freshness',
  ],
  ['src/config/values.ts staleness', 'config/values.ts', '.max(604_800)', '', 'app/fact-freshness'],
  [
    'src/app/cluster-identity.ts WAIT_MS',
    'kubernetes/reviews/cluster-authentication.ts',
    'parts.waitMs - (performance.now() - begun)',
    '2 ** 30',
    AUTHENTICATION,
    'kubernetes/reviews/cluster-revocation',
  ],
  [
    'src/kubernetes/reviews/cluster-issuer.ts call',
    'kubernetes/reviews/cluster-issuer.ts',
    'AbortSignal.any([closing, late])',
    'closing',
    'kubernetes/reviews/cluster-issuer',
  ],
  [
    'src/common/retry-after.ts retryAfterMs',
    'common/retry-after.ts',
    'Math.min(seconds, 60)',
    'seconds',
    'kubernetes/client/api-server',
  ],
  [
    'src/kubernetes/client/api-server.ts MAX_ATTEMPTS',
    'kubernetes/client/api-server.ts',
    'attempts = MAX_ATTEMPTS',
    `attempts = ${INFINITE}`,
    'kubernetes/client/api-server',
  ],
  [
    'src/kubernetes/reviews/token-cache.ts good',
    'kubernetes/reviews/token-cache.ts',
    'good.delete(digest)',
    '',
    'kubernetes/reviews/token-cache',
  ],
  [
    'src/kubernetes/reviews/token-cache.ts bad',
    'kubernetes/reviews/token-cache.ts',
    'bad.delete(digest)',
    '',
    'kubernetes/reviews/token-cache',
  ],
  [
    'src/resources/conflicts.ts message',
    'resources/conflicts.ts',
    'holds the same key: it is not accepted',
    'holds the same key: it is nobody',
    'resources/conflicts',
  ],
])
