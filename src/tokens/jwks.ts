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

function createKeysFor(keys: readonly Jwk[]): Jwks['keysFor'] {
  const byName = Map.groupBy(keys, ({ name }) => name)
  const nameless = byName.get(undefined) ?? []
  const all = [...nameless, ...keys.filter(({ name }) => name !== undefined)]
  return ({ alg, kid }) => ({
    named: kid === undefined ? [] : keysIn(byName.get(kid) ?? [], alg),
    others: keysIn(kid === undefined ? all : nameless, alg),
  })
}

const keysIn = (keys: readonly Jwk[], alg: string): readonly KeyObject[] =>
  keys.flatMap(({ algorithms, key }) => (algorithms.includes(alg) ? [key] : []))

/** Independent of the order of keys. */
const identityOf = (keys: readonly Jwk[]): string =>
  hash('sha256', JSON.stringify(keys.map(({ identity }) => identity).sort()))
