import { generateKeyPairSync, hash, sign } from 'node:crypto'

export type Claims = Readonly<Record<string, unknown>>
export type Algorithm = 'ES256' | 'RS256' | 'EdDSA'

export type Signer = {
  /** The public key, in the format of a key set. */
  readonly jwk: Readonly<Record<string, unknown>>
  /** A JWT in compact form; `header` replaces or adds entries of its header. */
  readonly sign: (claims: Claims, header?: Claims) => string
}

const GENERATE = {
  ES256: () => generateKeyPairSync('ec', { namedCurve: 'P-256' }),
  RS256: () => generateKeyPairSync('rsa', { modulusLength: 2_048 }),
  EdDSA: () => generateKeyPairSync('ed25519'),
}

/** A fresh key pair that signs JWTs. */
export function createSigner(algorithm: Algorithm = 'ES256'): Signer {
  const { publicKey, privateKey } = GENERATE[algorithm]()
  const digest = algorithm === 'EdDSA' ? null : 'sha256'
  const key = publicKey.export({ format: 'jwk' })
  const kid = hash('sha256', JSON.stringify(key)).slice(0, 16)
  return {
    jwk: { ...key, kid, alg: algorithm, use: 'sig' },
    sign: (claims, header = {}) => {
      const input = `${segment({ alg: algorithm, typ: 'JWT', kid, ...header })}.${segment(claims)}`
      // JWS concatenates the two numbers of an ECDSA signature (RFC 7518 section 3.4).
      const signature = sign(digest, Buffer.from(input), {
        key: privateKey,
        dsaEncoding: 'ieee-p1363',
      })
      return `${input}.${signature.toString('base64url')}`
    },
  }
}

const segment = (content: Claims): string =>
  Buffer.from(JSON.stringify(content)).toString('base64url')
