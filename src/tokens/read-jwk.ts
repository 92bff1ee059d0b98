// Reads one key of a JSON Web Key Set.

import { createPublicKey, type KeyObject } from 'node:crypto'
import { isRecord } from '../common/json.ts'
import { ALGORITHMS_BY_KEY } from '../common/jwt-algorithms.ts'

/** A public key that can verify signatures. */
export type Jwk = {
  /** `kid`; `undefined`: none. */
  readonly name: string | undefined
  /** The algorithms it can be used with. */
  readonly algorithms: readonly string[]
  readonly key: KeyObject
  /** Equal for equal keys. */
  readonly identity: string
}

/** An unused key, and why. Contains no key material. */
export type LeftOutJwk = { readonly leftOut: WhyLeftOut; readonly name: string | undefined }

type WhyLeftOut =
  | 'it is not a key'
  | 'it holds a secret'
  | 'its kty or crv is not supported'
  | 'its use is not sig'
  | 'its key_ops are not for verifying'
  | 'its alg is not supported'
  | 'it is too short or too long'
  | 'it is broken'

/** `k` is a symmetric key; the others are parts of private keys (RFC 7518 section 6). */
const SECRET_PARTS = ['d', 'k', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'priv']

/** The work for an exponent grows faster than its length, with each verification. OpenSSL has the same bounds. */
export const MAX_RSA_BITS = 16_384
export const MAX_EXPONENT_BITS = 64
/** The coordinates of P-521 in whole bytes. */
export const MAX_COORDINATE_BITS = 528

/** The longest number of each type of key, in bits. */
const PARTS: Readonly<Record<keyof typeof ALGORITHMS_BY_KEY, Kind['parts']>> = {
  RSA: { n: MAX_RSA_BITS, e: MAX_EXPONENT_BITS },
  'EC P-256': { x: MAX_COORDINATE_BITS, y: MAX_COORDINATE_BITS },
  'EC P-384': { x: MAX_COORDINATE_BITS, y: MAX_COORDINATE_BITS },
  'EC P-521': { x: MAX_COORDINATE_BITS, y: MAX_COORDINATE_BITS },
  'OKP Ed25519': { x: MAX_COORDINATE_BITS },
}

type Kind = {
  readonly algorithms: readonly string[]
  readonly parts: Readonly<Record<string, number>>
}

/** RFC 7517 section 4.3 defines eight. */
export const MAX_OPERATIONS = 16

/**
 * Reads a key of a set (RFC 7517 section 5). Members that are null or empty count as absent; unknown ones are
 * ignored. Symmetric keys and keys with private parts are not used, since others know them, too.
 */
export function readJwk(listed: unknown): Jwk | LeftOutJwk {
  if (!isRecord(listed)) return { leftOut: 'it is not a key', name: undefined }
  const members = new Map(Object.entries(listed).filter(([, value]) => !isEmpty(value)))
  const kid = members.get('kid')
  const name = typeof kid === 'string' ? kid : undefined
  const kind = kindOf(members)
  const why = whyLeftOut(members, kind)
  if (why !== undefined || kind === undefined) return { leftOut: why ?? 'it is broken', name }
  const parts = ['kty', 'crv', ...Object.keys(kind.parts)].flatMap((part) => {
    const value = members.get(part)
    return typeof value === 'string' ? [[part, value] as const] : []
  })
  const isEncoded = Object.keys(kind.parts).every((part) => isBase64(members.get(part)))
  const key = isEncoded ? importKey(Object.fromEntries(parts)) : 'it is broken'
  if (typeof key === 'string') return { leftOut: key, name }
  const algorithms = algorithmsOf(members.get('alg'), kind)
  return { name, algorithms, key, identity: JSON.stringify([name, algorithms, parts]) }
}

/** Either alphabet, with padding or without. Node.js skips any other character, so that two texts would be one key. */
const isBase64 = (value: unknown): boolean =>
  typeof value === 'string' && /^[\w+/-]+={0,2}$/.test(value)

const isEmpty = (value: unknown): boolean =>
  value === null || value === undefined || value === '' || (Array.isArray(value) && !value.length)

type Members = ReadonlyMap<string, unknown>

function kindOf(members: Members): Kind | undefined {
  const kty = members.get('kty')
  const crv = members.get('crv')
  if (typeof kty !== 'string') return undefined
  const kind = kty === 'RSA' || typeof crv !== 'string' ? kty : `${kty} ${crv}`
  return isKnown(kind) ? { algorithms: ALGORITHMS_BY_KEY[kind], parts: PARTS[kind] } : undefined
}

const isKnown = (kind: string): kind is keyof typeof PARTS => Object.hasOwn(PARTS, kind)

function whyLeftOut(members: Members, kind: Kind | undefined): WhyLeftOut | undefined {
  if (SECRET_PARTS.some((part) => members.has(part))) return 'it holds a secret'
  if (kind === undefined) return 'its kty or crv is not supported'
  if ((members.get('use') ?? 'sig') !== 'sig') return 'its use is not sig'
  const operations = members.get('key_ops') ?? ['verify']
  const verifies =
    Array.isArray(operations) &&
    operations.length <= MAX_OPERATIONS &&
    operations.includes('verify')
  if (!verifies) return 'its key_ops are not for verifying'
  if (algorithmsOf(members.get('alg'), kind).length === 0) return 'its alg is not supported'
  const long = Object.entries(kind.parts).some(([part, bits]) => isLong(members.get(part), bits))
  return long ? 'it is too short or too long' : undefined
}

/** A character of base64url has six bits. A value that is not text fails later. */
const isLong = (value: unknown, bits: number): boolean =>
  typeof value === 'string' && value.length > Math.ceil(bits / 6)

/** A key for either name of Ed25519 is for both (RFC 9864 section 2.2). */
function algorithmsOf(alg: unknown, { algorithms }: Kind): readonly string[] {
  if (alg === undefined || (alg === 'EdDSA' && algorithms.includes(alg))) return algorithms
  if (alg === 'Ed25519' && algorithms.includes(alg)) return algorithms
  return algorithms.filter((each) => each === alg)
}

/** RFC 7518 section 3.3. */
const MIN_RSA_BITS = 2_048

function importKey(key: Readonly<Record<string, string>>): KeyObject | WhyLeftOut {
  try {
    const made = createPublicKey({ key, format: 'jwk' })
    const bits = made.asymmetricKeyDetails?.modulusLength ?? MIN_RSA_BITS
    return bits < MIN_RSA_BITS ? 'it is too short or too long' : made
  } catch {
    return 'it is broken'
  }
}
