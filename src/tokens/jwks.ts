import { createPublicKey, hash } from 'node:crypto'
import { createLocalJWKSet, type JSONWebKeySet, type JWK } from 'jose'

/** Public keys that signatures can be checked with. */
export type Jwks = {
  readonly getKey: ReturnType<typeof createLocalJWKSet>
  /** Equal for equal sets, so that a change is seen. */
  readonly identity: string
  /** How many of the keys listed are no public ones, so that whoever reads the set could sign. */
  readonly exposed: number
}

export const MAX_KEYS = 100

/**
 * Reads a JSON Web Key Set (RFC 7517 section 5). Symmetric keys and keys with private parts are left
 * out: whoever published them, others know them too. `undefined`: no key is left.
 */
export function readJwks(document: unknown): Jwks | undefined {
  const listed: unknown = isRecord(document) ? document.keys : undefined
  if (!Array.isArray(listed) || listed.length > MAX_KEYS) return undefined
  const keys = listed.filter(isKey).filter((key) => !isSecret(key) && isSmall(key) && verifies(key))
  if (keys.length === 0) return undefined
  const set: JSONWebKeySet = { keys }
  try {
    const exposed = listed.filter((key) => isKey(key) && isSecret(key)).length
    return { getKey: createLocalJWKSet(set), identity: identityOf(keys), exposed }
  } catch {
    return undefined
  }
}

/** Issuers list their keys in any order. */
const identityOf = (keys: readonly JWK[]): string =>
  hash('sha256', JSON.stringify(keys.map((key) => JSON.stringify(key)).sort()))

const isKey = (key: unknown): key is JWK => isRecord(key) && typeof key.kty === 'string'

/** `k` is the whole of a symmetric key; the others are of private ones (RFC 7518 section 6). */
const SECRET_PARTS = ['d', 'k', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'priv']

const isSecret = (key: JWK): boolean => SECRET_PARTS.some((part) => Object.hasOwn(key, part))

/** The work for an exponent grows faster than its length, at each look at the key. OpenSSL has the same bounds. */
export const MAX_RSA_BITS = 16_384
export const MAX_EXPONENT_BITS = 64
/** In whole bytes: the numbers of P-521. */
export const MAX_COORDINATE_BITS = 528

const isSmall = ({ n, e, x, y }: JWK): boolean =>
  isShort(n, MAX_RSA_BITS) &&
  isShort(e, MAX_EXPONENT_BITS) &&
  isShort(x, MAX_COORDINATE_BITS) &&
  isShort(y, MAX_COORDINATE_BITS)

/** Six bits are one character of base64url. Anything else than a text is no part of a key, which is found later. */
const isShort = (value: unknown, bits: number): boolean =>
  typeof value !== 'string' || value.length <= Math.ceil(bits / 6)

/** RFC 7517 section 4.3 has eight. Each is compared with all others, again and again. */
export const MAX_OPERATIONS = 16

/** RFC 7518 section 3.3. */
const MIN_RSA_BITS = 2_048

function verifies(key: JWK): boolean {
  const { use = 'sig', key_ops: operations = ['verify'] } = key
  if (use !== 'sig' || !Array.isArray(operations) || !operations.includes('verify')) return false
  if (operations.length > MAX_OPERATIONS) return false
  try {
    const { asymmetricKeyDetails } = createPublicKey({ key, format: 'jwk' })
    return (asymmetricKeyDetails?.modulusLength ?? MIN_RSA_BITS) >= MIN_RSA_BITS
  } catch {
    return false
  }
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
