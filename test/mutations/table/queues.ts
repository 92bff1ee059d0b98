import { mutations } from '../mutation.ts'

const INFINITE = 'Number.POSITIVE_INFINITY'
const QUEUE = 'common/fair-queue'
const REVIEWS = ['kubernetes/reviews/review-client', 'kubernetes/reviews/overload'] as const
const LANES = [
  'kubernetes/reviews/token-review',
  'kubernetes/reviews/cluster-lanes',
  'kubernetes/reviews/overload',
] as const
const BREAKER = 'common/circuit-breaker'
const LIMITS = '{ ...CALL_LIMITS, ...parts.limits }'
const unlimited = (name: string) => LIMITS.replace('...parts', `${name}: ${INFINITE}, ...parts`)
const UNSIGNED = '{ ...UNSIGNED, ...parts.limits }'
const unsigned = (name: string) => UNSIGNED.replace('...parts', `${name}: ${INFINITE}, ...parts`)

export const QUEUES = mutations([
  [
    'TokenReviews at a time',
    'common/fair-queue.ts',
    'if (underWay < running) {',
    'if (underWay >= 0) {',
    QUEUE,
  ],
  [
    'TokenReviews that wait',
    'common/fair-queue.ts',
    'if (length < waiting) return true',
    'return true',
    QUEUE,
  ],
  [
    'TokenReviews that wait for one service',
    'common/fair-queue.ts',
    'ahead >= waitingPerKey || ',
    '',
    QUEUE,
  ],
  [
    'wait of any of these',
    'common/fair-queue.ts',
    'const late = firstWithin(line, patienceMs, now)',
    'const late = 0',
    QUEUE,
  ],
  [
    'wait while a namespace has waited for longer without a break',
    'common/fair-queue.ts',
    'firstWithin(line, STANDING_PATIENCE_MS, now)',
    'late',
    QUEUE,
  ],
  [
    'TokenReviews at a time',
    'common/dependency-calls.ts',
    LIMITS,
    unlimited('running'),
    ...REVIEWS,
  ],
  [
    'TokenReviews that wait',
    'common/dependency-calls.ts',
    LIMITS,
    unlimited('waiting'),
    ...REVIEWS,
  ],
  [
    'TokenReviews that wait for one service',
    'common/dependency-calls.ts',
    LIMITS,
    unlimited('waitingPerKey'),
    ...REVIEWS,
  ],
  [
    'wait of any of these',
    'common/dependency-calls.ts',
    LIMITS,
    unlimited('patienceMs'),
    ...REVIEWS,
  ],
  [
    'time of a TokenReview, SubjectAccessReview or introspection, waiting included',
    'common/dependency-calls.ts',
    'AbortSignal.timeout(limits.callMs)',
    'new AbortController().signal',
    ...REVIEWS,
  ],
  [
    'failures of them in a row until none is asked',
    'common/dependency-calls.ts',
    LIMITS,
    unlimited('tolerated'),
    ...REVIEWS,
  ],
  [
    'failures of them in a row until none is asked',
    'common/circuit-breaker.ts',
    'failures <= tolerated && ',
    '',
    BREAKER,
  ],
  [
    'the first time without them',
    'common/circuit-breaker.ts',
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
    'common/circuit-breaker.ts',
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
])
