// The signature algorithms of JWTs, by type of key.

/** Signature algorithms by type of key (RFC 7518 section 3.1, RFC 8037, RFC 9864). */
export const ALGORITHMS_BY_KEY = {
  RSA: ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'],
  'EC P-256': ['ES256'],
  'EC P-384': ['ES384'],
  'EC P-521': ['ES512'],
  'OKP Ed25519': ['EdDSA', 'Ed25519'],
} as const

/** All algorithms; asymmetric ones only. */
export const JWT_ALGORITHMS = Object.values(ALGORITHMS_BY_KEY).flat()

/** Those of the keys that a cluster may have. */
export const CLUSTER_ALGORITHMS: readonly string[] = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'ES256',
  'ES384',
  'ES512',
] satisfies typeof JWT_ALGORITHMS
