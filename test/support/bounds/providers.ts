import { LIMITS as FETCH_LIMITS, MAX_REDIRECTS } from '../../../src/tokens/fetch-keys.ts'
import { PERIODS as KEY_PERIODS, type Periods } from '../../../src/tokens/key-holder.ts'
import {
  MAX_COORDINATE_BITS,
  MAX_EXPONENT_BITS,
  MAX_KEYS,
  MAX_OPERATIONS,
  MAX_RSA_BITS,
} from '../../../src/tokens/key-set.ts'
import { type Bounds, bytes, count, seconds } from './texts.ts'

const each = (ms: number) => `1 each ${seconds(ms)}`
const between = ({ firstRetry, longestRetry }: Periods) =>
  `1 each ${firstRetry / 1_000} to ${seconds(longestRetry)}`

export const PROVIDERS: Bounds = {
  'keys of a JWKS': count(MAX_KEYS),
  'bits of the modulus of an RSA key': count(MAX_RSA_BITS),
  'bits of its exponent': count(MAX_EXPONENT_BITS),
  'bits of a coordinate of a key on a curve': count(MAX_COORDINATE_BITS),
  'entries of the `key_ops` of a key': count(MAX_OPERATIONS),
  'length of a JWKS, and of a discovery document': bytes(FETCH_LIMITS.maxBytes),
  'time to fetch them': seconds(FETCH_LIMITS.timeoutMs),
  redirects: count(MAX_REDIRECTS),
  'fetches for a token whose key is not known': each(KEY_PERIODS.coolDown),
  'fetches after a failure': between(KEY_PERIODS),
}
