import { mutations } from '../mutation.ts'

const INFINITE = 'Number.POSITIVE_INFINITY'
const JWKS = 'tokens/jwks'
const FETCH = 'tokens/fetch-jwks'
const CACHE = 'tokens/jwks-cache'
const LIMITS = '{ ...FETCH_LIMITS, ...limits }'

export const PROVIDERS = mutations([
  ['keys of a JWKS', 'tokens/jwks.ts', ' || listed.length > MAX_KEYS', '', JWKS],
  [
    'bits of the modulus of an RSA key',
    'tokens/read-jwk.ts',
    'n: MAX_RSA_BITS',
    `n: ${INFINITE}`,
    JWKS,
  ],
  ['bits of its exponent', 'tokens/read-jwk.ts', 'e: MAX_EXPONENT_BITS', `e: ${INFINITE}`, JWKS],
  ...['EC P-256', 'EC P-384', 'EC P-521'].map(
    (curve) =>
      [
        'bits of a coordinate of a key on a curve',
        'tokens/read-jwk.ts',
        `'${curve}': { x: MAX_COORDINATE_BITS, y: MAX_COORDINATE_BITS }`,
        `'${curve}': { x: ${INFINITE}, y: ${INFINITE} }`,
        JWKS,
      ] as const,
  ),
  [
    'bits of a coordinate of a key on a curve',
    'tokens/read-jwk.ts',
    "'OKP Ed25519': { x: MAX_COORDINATE_BITS }",
    `'OKP Ed25519': { x: ${INFINITE} }`,
    JWKS,
  ],
  [
    'entries of the `key_ops` of a key',
    'tokens/read-jwk.ts',
    'operations.length <= MAX_OPERATIONS &&',
    '',
    JWKS,
  ],
  [
    'keys that are tried for a token in one turn',
    'tokens/signature.ts',
    'keys.slice(first, first + MAX_TRIED)',
    'keys.slice(first)',
    'tokens/signature',
  ],
  [
    'src/tokens/jwks.ts SLICE',
    'tokens/jwks.ts',
    'if (index % SLICE === SLICE - 1) await setImmediate()',
    '',
    JWKS,
  ],
  [
    'keys that one report names',
    'tokens/left-out-jwks.ts',
    'fresh.slice(0, MAX_NAMED_JWKS)',
    'fresh',
    JWKS,
  ],
  [
    'length of a `kid` in it',
    'tokens/left-out-jwks.ts',
    'name.slice(0, MAX_JWK_NAME)',
    'name',
    JWKS,
  ],
  [
    'length of a JWKS, and of a discovery document',
    'tokens/fetch-jwks.ts',
    LIMITS,
    `{ ...FETCH_LIMITS, maxBytes: ${INFINITE}, ...limits }`,
    FETCH,
  ],
  [
    'length of a JWKS, and of a discovery document',
    'tokens/fetch-jwks.ts',
    'if (size > maxBytes) throw',
    'if (size < 0) throw',
    FETCH,
  ],
  [
    'length of a JWKS, and of a discovery document',
    'common/json.ts',
    'if (length > maxBytes) return undefined',
    '',
    FETCH,
    'common/json',
  ],
  [
    'time to fetch them',
    'tokens/fetch-jwks.ts',
    'signal: AbortSignal.any([closing, late])',
    'signal: closing',
    FETCH,
  ],
  [
    'time to fetch them',
    'tokens/fetch-jwks.ts',
    LIMITS,
    '{ ...FETCH_LIMITS, timeoutMs: 2 ** 30, ...limits }',
    FETCH,
  ],
  ['redirects', 'tokens/fetch-jwks.ts', 'redirects <= MAX_REDIRECTS', 'redirects >= 0', FETCH],
  [
    'fetches for a token whose key is not known',
    'tokens/refresh-loop.ts',
    ' || performance.now() - last < periods.coolDown',
    '',
    CACHE,
  ],
  [
    'fetches after a failure',
    'tokens/refresh-loop.ts',
    'backoffMs(failures, firstRetry, longestRetry)',
    '0',
    CACHE,
  ],
  [
    'src/tokens/jwks-cache.ts maxAge',
    'tokens/jwks-cache.ts',
    '(age() ?? Number.POSITIVE_INFINITY) <= periods.maxAge ? known?.set : undefined',
    'known?.set',
    CACHE,
  ],
])
