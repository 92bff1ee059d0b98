import { type DecodedJwt, decodeToken } from './decode-token.ts'

/** Media types of JWTs that say who calls: RFC 7519 section 5.1, RFC 9068 section 2.1. */
const TYPES = ['jwt', 'at+jwt']

/**
 * Whether a JWT may stand for a caller by itself. `types` are further ones that its issuer gives such
 * tokens. Not a token that is bound to a key (RFC 7800): it needs a proof, which nothing here checks. Not
 * one that tells of events (RFC 8417), such as a logout.
 */
export const isBearer = (
  { typ, claims }: Pick<DecodedJwt, 'typ' | 'claims'>,
  types: readonly string[] = [],
): boolean =>
  (typ === undefined || [...TYPES, ...types.map(mediaTypeOf)].includes(mediaTypeOf(typ))) &&
  !holds(claims, 'cnf') &&
  !holds(claims, 'events')

/** Reads a JWT that may stand for a caller; `undefined` for anything else. */
export function readBearer(token: string): DecodedJwt | undefined {
  const jwt = decodeToken(token)
  return jwt !== undefined && isBearer(jwt) ? jwt : undefined
}

const PREFIX = 'application/'

/** RFC 7515 section 4.1.9: without the prefix it is the same, where nothing else stands before a slash. */
function mediaTypeOf(type: string): string {
  const plain = type.replaceAll(/[A-Z]/g, (letter) => letter.toLowerCase())
  const rest = plain.slice(PREFIX.length)
  return plain.startsWith(PREFIX) && !rest.includes('/') ? rest : plain
}

const holds = (claims: DecodedJwt['claims'], name: string): boolean =>
  Object.hasOwn(claims, name) && claims[name] !== null
