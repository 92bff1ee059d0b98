// Reads the matches of HTTPRoutes.

import type { Route } from '../access/service.ts'
import { type Fields, listAt, textAt, valueAt } from './object.ts'
import { literalEnding, literalLead } from './patterns.ts'
import { routedPath } from './routes.ts'

/** The certain part of an HTTPRoute match: it covers at least the requests that the route matches. */
export type RouteMatch = {
  /** The path prefix, without a trailing slash; `''`: any path. */
  readonly path: string
  /** Headers, in lower case, that must have exactly these values. */
  readonly headers: readonly (readonly [name: string, value: string])[]
  /** Further conditions, as in `Route`. */
  readonly by: Route['by']
  /** The common ending of all paths that match a regular expression. */
  readonly ending?: string | undefined
}

const ANY: RouteMatch = { path: '', headers: [], by: undefined }
/** Any condition is possible. */
const UNREAD: RouteMatch = { ...ANY, by: 'pattern' }

/** With more matches, a route counts as one for every path. */
export const MAX_MATCHES = 64
export const MAX_HEADERS = 16

/** The distinct matches of an HTTPRoute's rules. Methods and queries are left out. */
export function matchesOf(route: Fields): readonly RouteMatch[] {
  const rules = listAt(route, 'spec', 'rules')
  const matches = rules.slice(0, MAX_MATCHES).flatMap((rule) => {
    const written = listAt(rule, 'matches')
    return written.length === 0 ? [ANY] : written.slice(0, MAX_MATCHES + 1).map(readMatch)
  })
  const distinct = new Map(matches.map((match) => [JSON.stringify(match), match]))
  return rules.length > MAX_MATCHES || distinct.size > MAX_MATCHES
    ? [UNREAD]
    : [...distinct.values()]
}

const readMatch = (match: unknown): RouteMatch => ({
  path: readPath(match),
  headers: listAt(match, 'headers').slice(0, MAX_HEADERS).flatMap(readHeader),
  by: chosenBy(match),
  ...endingOf(match),
})

function endingOf(match: unknown): Pick<RouteMatch, 'ending'> {
  const isPattern = valueAt(match, 'path', 'type') === 'RegularExpression'
  const ending = isPattern ? literalEnding(textAt(match, 'path', 'value') ?? '') : ''
  return ending === '' ? {} : { ending }
}

function chosenBy(match: unknown): Route['by'] {
  const type = valueAt(match, 'path', 'type') ?? 'PathPrefix'
  const plain = type === 'PathPrefix' || type === 'Exact'
  if (!plain || routedPath(textAt(match, 'path', 'value') ?? '/') === undefined) return 'pattern'
  const conditions =
    type === 'Exact' ||
    (valueAt(match, 'method') ?? undefined) !== undefined ||
    listAt(match, 'queryParams').length > 0 ||
    listAt(match, 'headers').length > 0
  return conditions ? 'conditions' : undefined
}

function readPath(match: unknown): string {
  const value = textAt(match, 'path', 'value') ?? '/'
  const type = valueAt(match, 'path', 'type') ?? 'PathPrefix'
  const plain = type === 'PathPrefix' || type === 'Exact'
  return routedPath(plain ? value : literalLead(value)) ?? ''
}

/** A regular expression is not a certain condition, nor is a value with a comma, which joins several. */
function readHeader(header: unknown): readonly (readonly [string, string])[] {
  const name = textAt(header, 'name')
  const value = textAt(header, 'value')
  const exact = (valueAt(header, 'type') ?? 'Exact') === 'Exact'
  if (!exact || name === undefined || value === undefined || value.includes(',')) return []
  return [[name.toLowerCase(), value]]
}
