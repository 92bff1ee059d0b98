import { compactVerify, errors } from 'jose'
import type { QueueKey, Verifications } from '../access/queue-key.ts'
import { decodeToken } from './decode-token.ts'
import type { Jwks } from './jwks.ts'
import { createJwksCache, type Fetched, type JwksCache, type JwksPeriods } from './jwks-cache.ts'

/** `unknown`: no key that is known can tell. `overloaded`: too many wait to be verified. */
type Signature = 'signed' | 'forged' | 'unknown' | 'overloaded'

export type ClusterSignatures = {
  /** Whether a key of the cluster signed a token. Nothing that it says is checked. Never rejects. */
  readonly signatureOf: (token: string, queueKey: QueueKey) => Promise<Signature>
  readonly close: () => void
}

export type ClusterSignaturesParts = {
  readonly fetchKeys: (signal: AbortSignal) => Promise<unknown>
  readonly onFetched: (fetched: Fetched) => void
  readonly periods?: Partial<JwksPeriods>
  readonly verifications: Pick<Verifications, 'inTurn'>
}

/** Starts fetching the cluster's keys at once. */
export function createClusterSignatures(parts: ClusterSignaturesParts): ClusterSignatures {
  const { fetchKeys, onFetched, periods = {}, verifications } = parts
  const holder = createJwksCache({ fetchKeys, onFetched, periods })
  return {
    signatureOf: (token, queueKey) =>
      signatureOf(holder, async (keys) =>
        verifications.inTurn(queueKey, () => checkWith(keys, token)),
      ),
    close: holder.close,
  }
}

async function signatureOf(
  holder: Pick<JwksCache, 'keys' | 'newerKeys'>,
  check: (keys: Jwks) => Promise<Checked | undefined>,
): Promise<Signature> {
  const since = performance.now()
  const keys = await holder.keys()
  if (keys === undefined) return 'unknown'
  const first = (await check(keys)) ?? 'overloaded'
  if (first !== 'unknown' && first !== 'other key') return first
  const newer = await holder.newerKeys(since)
  const same = newer === undefined || newer === keys
  const second = same ? first : ((await check(newer)) ?? 'overloaded')
  return second === 'other key' ? 'forged' : second
}

/** `other key`: the key of the name that the token gives has not signed it; another may have taken that name. */
type Checked = Signature | 'other key'

/** Those of the keys that a cluster may have. */
const ALGORITHMS = ['RS256', 'RS384', 'RS512', 'PS256', 'ES256', 'ES384', 'ES512']

async function checkWith({ getKey }: Jwks, token: string): Promise<Checked> {
  try {
    await compactVerify(token, getKey, { algorithms: ALGORITHMS })
    return 'signed'
  } catch (error) {
    if (error instanceof errors.JWKSNoMatchingKey) return 'unknown'
    if (!(error instanceof errors.JWKSMultipleMatchingKeys)) {
      // One that names no key can be of one that is not published.
      if (decodeToken(token)?.kid === undefined) return 'unknown'
      return error instanceof errors.JWSSignatureVerificationFailed ? 'other key' : 'forged'
    }
    for await (const key of error) {
      const signed = await compactVerify(token, key, { algorithms: ALGORITHMS }).catch(
        () => undefined,
      )
      if (signed !== undefined) return 'signed'
    }
    return 'unknown'
  }
}
