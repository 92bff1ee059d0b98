// Matches the claims of a JWT with a rule.

import { audiencesIn } from '../common/audience.ts'
import { type Claims, type FoundClaim, findClaim } from './claim-path.ts'
import { createSummaries, jsonText, matchNumber, matchSummary } from './claim-values.ts'
import { isIncomplete, isReference } from './distributed-claims.ts'
import type { Match } from './match.ts'

export type { Claims } from './claim-path.ts'

/** The value at a path; `undefined`: there is none. */
export function claimAt(claims: Claims, path: string): unknown {
  const found = findClaim(claims, path)
  return typeof found === 'string' ? undefined : found.value
}

/** Whether every one of these claims has one of its texts. */
export function matchClaims(claims: Claims, wanted: ReadonlyMap<string, readonly string[]>): Match {
  let match: Match = 'yes'
  for (const [path, texts] of wanted) {
    const each = matchClaim(claims, path, texts)
    if (each === 'no') return 'no'
    if (each === 'unknown') match = 'unknown'
  }
  return match
}

/** Whether the claim at a path is or contains one of the texts. */
function matchClaim(claims: Claims, path: string, texts: readonly string[]): Match {
  if (texts.length === 0) return 'no'
  const found = findClaim(claims, path)
  if (found === 'blocked') return 'unknown'
  const match = found === 'absent' ? 'no' : matchFound(claims, found, texts)
  return match === 'no' && isIncomplete(claims, path) ? 'unknown' : match
}

function matchFound(claims: Claims, { name, value }: FoundClaim, texts: readonly string[]): Match {
  if (isReference(claims, value)) return 'unknown'
  if (Array.isArray(value)) return matchSummary((isScope(name) ? scopeLists : lists)(value), texts)
  if (typeof value === 'number') return matchNumber(value, texts)
  const text = jsonText(value)
  if (text === undefined) return 'unknown'
  if (texts.includes(text)) return 'yes'
  return isScope(name) ? matchSummary(scopes(text), texts) : 'no'
}

/** Claims whose text has several entries, separated by spaces (RFC 6749 section 3.3). */
const SCOPES = ['scope', 'scp', 'permission', 'permissions']

const isScope = (name: string): boolean => SCOPES.includes(name)

const SPACE = ' '
/** Other separators are in use, without a specification. */
const SEPARATORS = /[\s,]+/

const lists = createSummaries<readonly unknown[]>((list) => ({ clear: list, doubtful: [] }))
const scopes = createSummaries<string>((text) => ({
  clear: text.split(SPACE),
  doubtful: text.split(SEPARATORS),
}))
const scopeLists = createSummaries<readonly unknown[]>((list) => ({
  clear: list,
  doubtful: list.flatMap((entry) => (typeof entry === 'string' ? entry.split(SEPARATORS) : [])),
}))

/** `complete`: the token has no further ones. `odd`: entries that are not texts. */
export type Texts = {
  readonly texts: readonly string[]
  readonly complete: boolean
  readonly odd: number
}

/** The texts that the claim at a path is or contains, without unreadable entries. */
export function textsAt(claims: Claims, path: string): Texts {
  const found = findClaim(claims, path)
  if (found === 'absent') return { texts: [], complete: !isIncomplete(claims, path), odd: 0 }
  if (found === 'blocked' || isReference(claims, found.value)) {
    return { texts: [], complete: false, odd: 0 }
  }
  const entries = entriesOf(found)
  const texts = entries.map(jsonText).filter((text) => text !== undefined)
  const isClear = !isScope(found.name) || !texts.some((text) => SEPARATORS.test(text))
  return {
    texts: texts.filter((text) => text !== ''),
    odd: entries.length - texts.length,
    complete: isClear && texts.length === entries.length && !isIncomplete(claims, path),
  }
}

function entriesOf({ name, value }: FoundClaim): readonly unknown[] {
  if (Array.isArray(value)) return value
  return typeof value === 'string' && isScope(name) ? value.split(SPACE) : [value]
}

/** The texts of a claim of audiences. */
export const audiencesAt = (claims: Claims, path: string): readonly string[] =>
  audiencesIn(claimAt(claims, path))
