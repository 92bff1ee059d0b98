import type { KeyObject } from 'node:crypto'
import { compactVerify } from 'jose'
import type { Header, Jwks } from './jwks.ts'

/** Runs a work when it is somebody's turn; `undefined`: too many wait. */
export type InTurn = <T>(work: () => Promise<T>) => Promise<T | undefined>

/**
 * Whether a key of a set signed a token. `other key`: no key of the name that it gives did, and another may
 * have taken that name. `unknown key`: there is no key of that name, or it gives none.
 */
export type Signature = 'signed' | 'other key' | 'unknown key'

/** Keys that are tried in one turn. */
export const MAX_TRIED = 16

/**
 * Tries the keys that a token's header asks for, and then those without a name. Embedded or referenced keys
 * (`jwk`, `jku`, `x5u`) are never followed. `undefined`: too many tokens wait. Never rejects.
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
  for (const key of keys) if (await isSignedBy(token, alg, key)) return true
  return false
}

async function isSignedBy(token: string, alg: string, key: KeyObject): Promise<boolean> {
  try {
    await compactVerify(token, key, { algorithms: [alg] })
    return true
  } catch {
    return false
  }
}
