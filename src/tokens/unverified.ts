import { decodeJwt, decodeProtectedHeader } from 'jose'

/** What a JWT says of itself, before anybody has checked its signature. */
export type UnverifiedJwt = {
  readonly alg: string
  readonly issuer: string | undefined
  readonly claims: Claims
}

export type Claims = Readonly<Record<string, unknown>>

const COMPACT = /^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$/

/** Reads a JWS in compact form; `undefined` for anything else (an unsigned, encrypted or JSON form, any other text). */
export function readUnverified(token: string): UnverifiedJwt | undefined {
  if (!COMPACT.test(token)) return undefined
  try {
    const { alg } = decodeProtectedHeader(token)
    const claims = decodeJwt(token)
    if (typeof alg !== 'string') return undefined
    return { alg, issuer: typeof claims.iss === 'string' ? claims.iss : undefined, claims }
  } catch {
    return undefined
  }
}

/** Whether a text is built as a JWT is: then it is never taken for another kind of credential. */
export const looksLikeJwt = (token: string): boolean =>
  token.startsWith('eyJ') && token.includes('.')
