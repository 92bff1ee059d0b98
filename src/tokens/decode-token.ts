// Decodes JWTs without verifying them.

import type { Claims } from '../access/claim-path.ts'
import { isRecord } from '../common/json.ts'

/** A decoded, unverified JWT. */
export type DecodedJwt = {
  readonly alg: string
  /** The name of the issuer's key; `undefined`: any. */
  readonly kid: string | undefined
  /** The media type; `undefined`: none. */
  readonly typ: string | undefined
  readonly issuer: string | undefined
  readonly claims: Claims
}

/** Decodes a signed JWT in compact form; `undefined`: anything else. */
export type DecodeToken = (token: string) => DecodedJwt | undefined

export function decodeToken(token: string): DecodedJwt | undefined {
  const [protectedHeader = '', payload = '', signature = '', ...more] = token.split('.', 4)
  if (more.length > 0 || bytesIn(signature) === undefined) return undefined
  const header = objectIn(protectedHeader)
  if (header === undefined || !isPlain(header)) return undefined
  const { alg, kid, typ } = header
  if (typeof alg !== 'string' || !isAbsentOrText(kid) || !isAbsentOrText(typ)) return undefined
  const claims = objectIn(payload)
  if (claims === undefined) return undefined
  const issuer = typeof claims.iss === 'string' ? claims.iss : undefined
  return { alg, kid, typ, issuer, claims }
}

/**
 * Decodes a token once for all who read it in the same turn of the event loop: the cluster, its keys, the
 * identity providers. Keeps only the last one.
 */
export function createDecodeToken(): DecodeToken {
  let last: { readonly token: string; readonly jwt: DecodedJwt | undefined } | undefined
  return (token) => {
    if (last?.token !== token) last = { token, jwt: decodeToken(token) }
    return last.jwt
  }
}

/** Not UTF-8 is not JSON (RFC 8259 section 8.1). */
const UTF_8 = new TextDecoder('utf-8', { fatal: true })

/** The JSON object in a segment. */
function objectIn(segment: string): Claims | undefined {
  const bytes = bytesIn(segment)
  if (bytes === undefined) return undefined
  try {
    const value: unknown = JSON.parse(UTF_8.decode(bytes))
    return isRecord(value) ? value : undefined
  } catch {
    return undefined
  }
}

/**
 * The bytes of a segment; `undefined`: it is empty, or not their only spelling: Node.js skips foreign characters,
 * and the spare bits of the last one (RFC 4648 section 3.5).
 */
function bytesIn(segment: string): Buffer | undefined {
  const bytes = Buffer.from(segment, 'base64url')
  return bytes.length > 0 && bytes.toString('base64url') === segment ? bytes : undefined
}

/** No extension is supported (RFC 7515 section 4.1.11), and JWTs do not use `b64` (RFC 7797 section 7). */
const isPlain = (header: Claims): boolean =>
  !Object.hasOwn(header, 'crit') && !Object.hasOwn(header, 'b64')

const isAbsentOrText = (value: unknown): value is string | undefined =>
  value === undefined || typeof value === 'string'

/** Whether a text looks like a JWT: an unreadable one is then refused, not tried as an API key. */
export const looksLikeJwt = (token: string): boolean =>
  token.startsWith('eyJ') && token.includes('.')
