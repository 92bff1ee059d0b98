// Verifies the signature of a token with the keys of a set.

import type { KeyObject } from 'node:crypto'
import { compactVerify } from 'jose'
import type { Header, Jwks } from './jwks.ts'

/** Runs work in turn; `undefined`: too many wait. */
export type InTurn = <T>(work: () => Promise<T>) => Promise<T | undefined> | undefined

/**
 * Whether a key of a set signed a token. `other key`: no key with its name did, but another key may have
 * taken that name. `unknown key`: no key has its name, or it names none.
 */
export type Signature = 'signed' | 'other key' | 'unknown key'

/** Keys tried per turn. */
export const MAX_TRIED = 16

/**
 * Tries the keys with the name in the token, then those without a name. Never follows embedded or referenced
 * keys (`jwk`, `jku`, `x5u`). `undefined`: too many tokens wait. Never rejects.
 */
export async function checkSignature(
  token: string,
  header: Header,
  { keysFor }: Pick<Jwks, 'keysFor'>,
  inTurn: InTurn,
): Promise<Signature | undefined> {
  const { named, others } = keysFor(header)
  const keys = [...named, ...others]
  for (let first = 0; first < keys.length; first += MAX_TRIED) {
    const tried = keys.slice(first, first + MAX_TRIED)
    const signed = await inTurn(() => isSignedByOne(token, header.alg, tried))
    if (signed === undefined) return undefined
    if (signed) return 'signed'
  }
  return named.length > 0 ? 'other key' : 'unknown key'
}

async function isSignedByOne(
  token: string,
  alg: string,
  keys: readonly KeyObject[],
): Promise<boolean> {
  for (const key of keys) {
    try {
      await compactVerify(token, key, { algorithms: [alg] })
      return true
    } catch {
      // Another key may have signed it.
    }
  }
  return false
}
