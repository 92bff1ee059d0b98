import { createLocalJWKSet, type JSONWebKeySet, type JWK } from 'jose'

/** Public keys that signatures can be checked with. */
export type KeySet = {
  readonly getKey: ReturnType<typeof createLocalJWKSet>
  /** Equal for equal sets, so that a change is seen. */
  readonly identity: string
}

const MAX_KEYS = 100

/**
 * Reads a JSON Web Key Set (RFC 7517 section 5). Symmetric keys and keys with private parts are left
 * out: whoever published them, others know them too. `undefined`: no key is left.
 */
export function readKeySet(document: unknown): KeySet | undefined {
  const listed: unknown = isRecord(document) ? document.keys : undefined
  if (!Array.isArray(listed) || listed.length > MAX_KEYS) return undefined
  const keys = listed.filter(isPublicKey)
  if (keys.length === 0) return undefined
  const set: JSONWebKeySet = { keys }
  try {
    return { getKey: createLocalJWKSet(set), identity: JSON.stringify(keys) }
  } catch {
    return undefined
  }
}

const PRIVATE_PARTS = ['d', 'k', 'p', 'q', 'dp', 'dq', 'qi', 'oth']

const isPublicKey = (key: unknown): key is JWK =>
  isRecord(key) &&
  typeof key.kty === 'string' &&
  key.kty !== 'oct' &&
  !PRIVATE_PARTS.some((part) => Object.hasOwn(key, part))

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
