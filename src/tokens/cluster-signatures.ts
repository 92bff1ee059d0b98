import { compactVerify, errors } from 'jose'
import type { Line, Verifications } from '../access/turns.ts'
import { createKeyHolder, type Fetched, type KeyHolder, type Periods } from './key-holder.ts'
import type { KeySet } from './key-set.ts'
import { readUnverified } from './unverified.ts'

/** `unknown`: no key that is known can tell. `overloaded`: too many wait to be verified. */
type Signature = 'signed' | 'forged' | 'unknown' | 'overloaded'

export type ClusterSignatures = {
  /** Whether a key of the cluster signed a token. Nothing that it says is checked. Never rejects. */
  readonly signatureOf: (token: string, line: Line) => Promise<Signature>
  readonly close: () => void
}

export type ClusterSignaturesParts = {
  readonly fetchKeys: (signal: AbortSignal) => Promise<unknown>
  readonly onFetched: (fetched: Fetched) => void
  readonly periods?: Partial<Periods>
  readonly verifications: Pick<Verifications, 'inTurn'>
}

/** Starts fetching the cluster's keys at once. */
export function createClusterSignatures(parts: ClusterSignaturesParts): ClusterSignatures {
  const { fetchKeys, onFetched, periods = {}, verifications } = parts
  const holder = createKeyHolder({ fetchKeys, onFetched, periods })
  return {
    signatureOf: (token, line) =>
      signatureOf(holder, async (keys) => verifications.inTurn(line, () => checkWith(keys, token))),
    close: holder.close,
  }
}

async function signatureOf(
  holder: Pick<KeyHolder, 'keys' | 'newerKeys'>,
  check: (keys: KeySet) => Promise<Checked | undefined>,
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

async function checkWith({ getKey }: KeySet, token: string): Promise<Checked> {
  try {
    await compactVerify(token, getKey, { algorithms: ALGORITHMS })
    return 'signed'
  } catch (error) {
    if (error instanceof errors.JWKSNoMatchingKey) return 'unknown'
    if (!(error instanceof errors.JWKSMultipleMatchingKeys)) {
      // One that names no key can be of one that is not published.
      if (readUnverified(token)?.kid === undefined) return 'unknown'
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
