import { mutations } from '../mutation.ts'

const INFINITE = 'Number.POSITIVE_INFINITY'
const NO_BOUND = `{ entries: ${INFINITE}, bytes: ${INFINITE} }`
const TESTS = 'tokens/introspection'
const REVIEWS = ['kubernetes/reviews/review-client', 'kubernetes/reviews/overload'] as const
const CALLS = 'common/dependency-calls.ts'
const LIMITS = '{ ...CALL_LIMITS, ...parts.limits }'
const unlimited = (name: string) => LIMITS.replace('...parts', `${name}: ${INFINITE}, ...parts`)
const BUDGETS = [
  'tokens/introspection.ts',
  'budgets(holdersOf(asker))',
  'undefined as ReturnType<RateLimits>',
  TESTS,
] as const

export const INTROSPECTION = mutations([
  ['introspections at a time', CALLS, LIMITS, unlimited('running'), ...REVIEWS],
  ['introspections that wait', CALLS, LIMITS, unlimited('waiting'), ...REVIEWS],
  [
    'introspections that wait for one service',
    CALLS,
    LIMITS,
    unlimited('waitingPerKey'),
    ...REVIEWS,
  ],
  ['introspections at once, then 50 a second', ...BUDGETS],
  ['introspections at once, then 75 a second', ...BUDGETS],
  ['introspections at once, then 100 a second', ...BUDGETS],
  ['introspections at once, then 200 a second', ...BUDGETS],
  [
    'active opaque tokens kept',
    'tokens/introspection.ts',
    'createCache(ACTIVE)',
    `createCache(${NO_BOUND})`,
    TESTS,
  ],
  [
    'refused opaque tokens kept',
    'tokens/introspection.ts',
    'createCache(NOT_ACTIVE)',
    `createCache(${NO_BOUND})`,
    TESTS,
  ],
  [
    'length of an answer about an opaque token',
    'tokens/introspect.ts',
    'maxBytes: MAX_INTROSPECTION_BYTES,',
    `maxBytes: ${INFINITE},`,
    TESTS,
  ],
  [
    'length of a client secret',
    'tokens/introspect.ts',
    'if (size > MAX_SECRET_BYTES)',
    'if (size < 0)',
    TESTS,
  ],
  [
    'beginnings of opaque tokens',
    'config/introspection.ts',
    '.max(MAX_TOKEN_PREFIXES)',
    '',
    'config/introspection',
  ],
])
