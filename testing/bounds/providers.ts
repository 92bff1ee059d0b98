import { MAX_TOKEN_PREFIXES } from '../../src/config/introspection.ts'
import { FETCH_LIMITS, MAX_REDIRECTS } from '../../src/tokens/fetch-jwks.ts'
import { MAX_INTROSPECTION_BYTES, MAX_SECRET_BYTES } from '../../src/tokens/introspect.ts'
import { MAX_KEYS } from '../../src/tokens/jwks.ts'
import { type JwksPeriods, JWKS_PERIODS as KEY_PERIODS } from '../../src/tokens/jwks-cache.ts'
import { MAX_JWK_NAME, MAX_NAMED_JWKS } from '../../src/tokens/left-out-jwks.ts'
import {
  MAX_COORDINATE_BITS,
  MAX_EXPONENT_BITS,
  MAX_OPERATIONS,
  MAX_RSA_BITS,
} from '../../src/tokens/read-jwk.ts'
import { MAX_TRIED } from '../../src/tokens/signature.ts'
import { type Bounds, bytes, count, seconds } from './texts.ts'

const each = (ms: number) => `1 each ${seconds(ms)}`
const between = ({ firstRetry, longestRetry }: JwksPeriods) =>
  `1 each ${firstRetry / 1_000} to ${seconds(longestRetry)}`

export const PROVIDERS: Bounds = {
  'keys of a JWKS': count(MAX_KEYS),
  'bits of the modulus of an RSA key': count(MAX_RSA_BITS),
  'bits of its exponent': count(MAX_EXPONENT_BITS),
  'bits of a coordinate of a key on a curve': count(MAX_COORDINATE_BITS),
  'entries of the `key_ops` of a key': count(MAX_OPERATIONS),
  'keys that are tried for a token in one turn': count(MAX_TRIED),
  'keys that one report names': count(MAX_NAMED_JWKS),
  'length of a `kid` in it': count(MAX_JWK_NAME),
  'length of a JWKS, and of a discovery document': bytes(FETCH_LIMITS.maxBytes),
  'time to fetch them': seconds(FETCH_LIMITS.timeoutMs),
  redirects: count(MAX_REDIRECTS),
  'length of an answer about an opaque token': bytes(MAX_INTROSPECTION_BYTES),
  'length of a client secret': bytes(MAX_SECRET_BYTES),
  'beginnings of opaque tokens': count(MAX_TOKEN_PREFIXES),
  'fetches for a token whose key is not known': each(KEY_PERIODS.coolDown),
  'fetches after a failure': between(KEY_PERIODS),
}
