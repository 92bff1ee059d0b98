// Decodes JWTs without verifying them.

import { decodeJwt, decodeProtectedHeader } from 'jose'
import type { Claims } from '../access/claim-path.ts'

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

// Only one spelling per token: the spare bits of a segment's last character are zero (RFC 4648 section 3.5).
const SEGMENT = '(?:[\\w-]{4})*(?:[\\w-]{4}|[\\w-]{2}[AEIMQUYcgkosw048]|[\\w-][AQgw])'
const COMPACT = new RegExp(`^${SEGMENT}\\.${SEGMENT}\\.${SEGMENT}$`)

/** Decodes a signed JWT in compact form; `undefined`: anything else. */
export type DecodeToken = (token: string) => DecodedJwt | undefined

export function decodeToken(token: string): DecodedJwt | undefined {
  if (!COMPACT.test(token)) return undefined
  try {
    const { alg, kid, typ, ...rest } = decodeProtectedHeader(token)
    if (typeof alg !== 'string' || !isAbsentOrText(kid) || !isAbsentOrText(typ)) return undefined
    if (!isPlain(rest)) return undefined
    const claims = decodeJwt(token)
    const issuer = typeof claims.iss === 'string' ? claims.iss : undefined
    return { alg, kid, typ, issuer, claims }
  } catch {
    return undefined
  }
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

/** No extension is supported (RFC 7515 section 4.1.11), and JWTs do not use `b64` (RFC 7797 section 7). */
const isPlain = (header: Readonly<Record<string, unknown>>): boolean =>
  !['crit', 'b64'].some((name) => Object.hasOwn(header, name))

const isAbsentOrText = (value: unknown): value is string | undefined =>
  value === undefined || typeof value === 'string'

/** Whether a text looks like a JWT: an unreadable one is then refused, not tried as an API key. */
export const looksLikeJwt = (token: string): boolean =>
  token.startsWith('eyJ') && token.includes('.')
