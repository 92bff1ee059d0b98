// Reads JSON Web Key Sets.

import { hash, type KeyObject } from 'node:crypto'
import { setImmediate } from 'node:timers/promises'
import { isRecord } from '../common/json.ts'
import { type Jwk, type LeftOutJwk, readJwk } from './read-jwk.ts'

/** Public keys that can verify signatures. */
export type Jwks = {
  readonly keysFor: (header: Header) => Candidates
  /** Equal for equal sets, to detect changes. */
  readonly identity: string
  readonly leftOut: readonly LeftOutJwk[]
}

/** How a token identifies its key. */
export type Header = { readonly alg: string; readonly kid: string | undefined }

/** The keys that may have signed a token. */
type Candidates = {
  /** Keys with the name in the token. */
  readonly named: readonly KeyObject[]
  /** Keys without a name; all keys if the token names none. */
  readonly others: readonly KeyObject[]
}

export const MAX_KEYS = 1_000

/** Keys read between two turns of the event loop: about a millisecond. */
const SLICE = 16

/**
 * Reads a JSON Web Key Set (RFC 7517 section 5), without unusable keys. `undefined`: no key is usable, or
 * there are too many.
 */
export async function readJwks(document: unknown): Promise<Jwks | undefined> {
  const listed: unknown = isRecord(document) ? document.keys : undefined
  if (!Array.isArray(listed) || listed.length > MAX_KEYS) return undefined
  const keys: Jwk[] = []
  const leftOut: LeftOutJwk[] = []
  for (const [index, each] of listed.entries()) {
    if (index % SLICE === SLICE - 1) await setImmediate()
    const read = readJwk(each)
    if ('leftOut' in read) leftOut.push(read)
    else keys.push(read)
  }
  return keys.length === 0
    ? undefined
    : { keysFor: createKeysFor(keys), identity: identityOf(keys), leftOut }
}

/** Sorts the keys of an algorithm once, with the first token that has it. */
function createKeysFor(keys: readonly Jwk[]): Jwks['keysFor'] {
  const byAlgorithm = new Map<string, CandidatesNamed>()
  return ({ alg, kid }) => {
    const known = byAlgorithm.get(alg)
    if (known !== undefined) return known(kid)
    const usable = keys.filter(({ algorithms }) => algorithms.includes(alg))
    if (usable.length === 0) return NO_CANDIDATES
    const sorted = candidatesIn(usable)
    byAlgorithm.set(alg, sorted)
    return sorted(kid)
  }
}

type CandidatesNamed = (kid: string | undefined) => Candidates

const NO_CANDIDATES: Candidates = { named: [], others: [] }

function candidatesIn(keys: readonly Jwk[]): CandidatesNamed {
  const nameless: KeyObject[] = []
  const named = new Map<string, KeyObject[]>()
  for (const { name, key } of keys) {
    const own = name === undefined ? nameless : (named.get(name) ?? [])
    own.push(key)
    if (name !== undefined) named.set(name, own)
  }
  const all = [...nameless, ...keys.flatMap(({ name, key }) => (name === undefined ? [] : [key]))]
  return (kid) =>
    kid === undefined
      ? { named: [], others: all }
      : { named: named.get(kid) ?? [], others: nameless }
}

/** Independent of the order of keys. */
const identityOf = (keys: readonly Jwk[]): string =>
  hash('sha256', JSON.stringify(keys.map(({ identity }) => identity).sort()))
