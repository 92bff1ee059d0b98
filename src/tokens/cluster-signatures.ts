// Checks whether a cluster signed a token.

import type { QueueKey, Verifications } from '../access/queue-key.ts'
import { CLUSTER_ALGORITHMS } from '../common/jwt-algorithms.ts'
import { type DecodedJwt, type DecodeToken, decodeToken } from './decode-token.ts'
import type { Header, Jwks } from './jwks.ts'
import { createJwksCache, type Fetched, type JwksCache, type JwksPeriods } from './jwks-cache.ts'
import { checkSignature, type InTurn } from './signature.ts'

/** `unknown`: no known key decides it. `overloaded`: too many tokens wait for verification. */
type Signature = 'signed' | 'forged' | 'unknown' | 'overloaded'

export type ClusterSignatures = {
  /** Whether a key of the cluster signed a token. Checks no claims. Never rejects. */
  readonly signatureOf: (token: string, queueKey: QueueKey) => Promise<Signature>
  readonly close: () => void
}

export type ClusterSignaturesParts = {
  readonly fetchKeys: (signal: AbortSignal) => Promise<unknown>
  readonly onFetched: (fetched: Fetched) => void
  readonly periods?: Partial<JwksPeriods>
  readonly verifications: Pick<Verifications, 'inTurn'>
  /** Absent: nobody else decodes the token. */
  readonly decode?: DecodeToken
}

/** Starts fetching the cluster's keys immediately. */
export function createClusterSignatures(parts: ClusterSignaturesParts): ClusterSignatures {
  const { fetchKeys, onFetched, periods = {}, verifications, decode = decodeToken } = parts
  const holder = createJwksCache({ fetchKeys, onFetched, periods })
  return {
    signatureOf: (token, queueKey) =>
      signatureOf(token, decode(token), holder, (work) => verifications.inTurn(queueKey, work)),
    close: holder.close,
  }
}

async function signatureOf(
  token: string,
  jwt: DecodedJwt | undefined,
  holder: Pick<JwksCache, 'keys' | 'newerKeys'>,
  inTurn: InTurn,
): Promise<Signature> {
  if (jwt === undefined) return 'unknown'
  if (!CLUSTER_ALGORITHMS.includes(jwt.alg)) return jwt.kid === undefined ? 'unknown' : 'forged'
  const since = performance.now()
  const keys = await holder.keys()
  if (keys === undefined) return 'unknown'
  const first = await checkWith(keys, token, jwt, inTurn)
  if (first === 'signed' || first === 'overloaded') return first
  const newer = await holder.newerKeys(since)
  return newer === undefined || newer === keys ? first : checkWith(newer, token, jwt, inTurn)
}

async function checkWith(
  keys: Jwks,
  token: string,
  header: Header,
  inTurn: InTurn,
): Promise<Signature> {
  const signature = await checkSignature(token, header, keys, inTurn)
  if (signature === undefined) return 'overloaded'
  if (signature === 'signed') return 'signed'
  // If several keys have the name, or the token names none, an unpublished key may have signed it.
  const isTheOne = signature === 'other key' && keys.keysFor(header).named.length === 1
  return isTheOne ? 'forged' : 'unknown'
}
