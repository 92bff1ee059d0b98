// Which JWTs may authenticate a caller.

import type { TokenRefusal } from '../access/token-refusal.ts'
import type { DecodedJwt, DecodeToken } from './decode-token.ts'

/** Media types of JWTs that identify a caller: RFC 7519 section 5.1, RFC 9068 section 2.1. */
const TYPES = ['jwt', 'at+jwt']
/** As issuers write them. */
const USUAL = ['JWT', ...TYPES]

type Typed = Pick<DecodedJwt, 'typ' | 'claims'>

/**
 * Why a JWT may not authenticate a caller by itself. `types`: further media types of its issuer's tokens.
 * Key-bound tokens (RFC 7800) need a proof, which nothing here checks. Security event tokens (RFC 8417), such
 * as a logout, do not identify a caller.
 */
export function problemOfType(
  { typ, claims }: Typed,
  types: readonly string[] = [],
): TokenRefusal | undefined {
  const isKnown =
    typ === undefined ||
    USUAL.includes(typ) ||
    [...TYPES, ...types.map(mediaTypeOf)].includes(mediaTypeOf(typ))
  if (!isKnown) return { cause: 'type' }
  if (holds(claims, 'cnf')) return { cause: 'bound-to-key', claim: 'cnf' }
  return holds(claims, 'events') ? { cause: 'event', claim: 'events' } : undefined
}

/** Reads a JWT that may authenticate a caller; `undefined`: anything else. */
export function readBearer(token: string, decode: DecodeToken): DecodedJwt | undefined {
  const jwt = decode(token)
  return jwt !== undefined && problemOfType(jwt) === undefined ? jwt : undefined
}

const PREFIX = 'application/'

/** The prefix is optional if no other slash follows (RFC 7515 section 4.1.9). */
function mediaTypeOf(type: string): string {
  const plain = type.replaceAll(/[A-Z]/g, (letter) => letter.toLowerCase())
  const rest = plain.slice(PREFIX.length)
  return plain.startsWith(PREFIX) && !rest.includes('/') ? rest : plain
}

const holds = (claims: DecodedJwt['claims'], name: string): boolean =>
  Object.hasOwn(claims, name) && claims[name] !== null
