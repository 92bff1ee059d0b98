import { at, entriesAt, listAt, textAt } from '../json.ts'
import { backendsOf, ownersBehind } from './backends.ts'
import type { Snapshot } from './snapshot.ts'

/** The parts of a request that the Gateway API's rules evaluate. */
export type Sent = {
  /** `namespace/name` of a Gateway. */
  readonly gateway: string
  readonly host: string
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
}

/** Instead of a Gateway: the ingress controller. */
export const INGRESS = 'ingress'

type Candidate = {
  readonly route: unknown
  readonly rule: unknown
  readonly rank: readonly number[]
  readonly age: string
}

/**
 * The services whose pods a request may reach, by the rules of the Gateway API: the most specific host name first,
 * then the most specific match, then the older route.
 */
export function reachedBy(snapshot: Snapshot, sent: Sent): readonly string[] {
  if (sent.gateway === INGRESS) return reachedByIngress(snapshot, sent)
  const at = snapshot.httpRoutes.filter((route) => isAttached(route, sent.gateway))
  const best = Math.max(...at.map((route) => hostRank(route, sent.host)))
  if (best <= 0) return []
  const candidates = at
    .filter((route) => hostRank(route, sent.host) === best)
    .flatMap((route) =>
      listAt(route, 'spec', 'rules').flatMap((rule) => candidatesIn(route, rule, sent)),
    )
    .toSorted(compare)
  const [first] = candidates
  return first === undefined ? [] : backendsOf(snapshot, first.route, first.rule)
}

const isAttached = (route: unknown, gateway: string): boolean =>
  listAt(route, 'spec', 'parentRefs').some(
    (ref) =>
      `${textAt(ref, 'namespace') || textAt(route, 'metadata', 'namespace')}/${textAt(ref, 'name')}` ===
      gateway,
  )

/** 0: it does not match. Any host has the lowest rank. */
function hostRank(route: unknown, host: string): number {
  const names = listAt(route, 'spec', 'hostnames').map(String)
  if (names.length === 0) return 1
  const ranks = names.map((name) => {
    if (name === host) return 10_000
    return name.startsWith('*.') && host.endsWith(name.slice(1)) ? 1 + name.length : 0
  })
  return Math.max(...ranks)
}

function candidatesIn(route: unknown, rule: unknown, sent: Sent): readonly Candidate[] {
  const matches = listAt(rule, 'matches')
  const written: readonly unknown[] = matches.length === 0 ? [{}] : matches
  const age = ['creationTimestamp', 'namespace', 'name']
    .map((field) => textAt(route, 'metadata', field))
    .join('/')
  return written.flatMap((match) => {
    const rank = rankOf(match, sent)
    return rank === undefined ? [] : [{ route, rule, rank, age }]
  })
}

/** Exact paths, then the longest; then a method, then more headers, then more query parameters. */
function rankOf(match: unknown, { path, headers }: Sent): readonly number[] | undefined {
  const type = textAt(match, 'path', 'type') || 'PathPrefix'
  const value = textAt(match, 'path', 'value') || '/'
  if (!pathMatches(type, value, path)) return undefined
  const wanted = listAt(match, 'headers')
  if (!wanted.every((header) => headerMatches(header, headers))) return undefined
  if (at(match, 'method') !== undefined || listAt(match, 'queryParams').length > 0)
    throw new Error('no route of this suite has a method or a query')
  return [type === 'Exact' ? 1 : 0, type === 'PathPrefix' ? value.length : 0, wanted.length]
}

function pathMatches(type: string, value: string, path: string): boolean {
  if (type === 'Exact') return path === value
  if (type === 'RegularExpression') return new RegExp(`^(?:${value})$`).test(path)
  const prefix = value.replace(/\/$/, '')
  return path === prefix || path.startsWith(`${prefix}/`)
}

function headerMatches(header: unknown, headers: Sent['headers']): boolean {
  const name = textAt(header, 'name').toLowerCase()
  const [, given] = entriesAt(headers).find(([each]) => each.toLowerCase() === name) ?? []
  return given === textAt(header, 'value')
}

function compare(one: Candidate, other: Candidate): number {
  for (const [index, rank] of one.rank.entries()) {
    const difference = (other.rank[index] ?? 0) - rank
    if (difference !== 0) return difference
  }
  return one.age < other.age ? -1 : one.age > other.age ? 1 : 0
}

/** Among rules for a host the one with the longest path. */
function reachedByIngress(snapshot: Snapshot, { host, path }: Sent): readonly string[] {
  const [first] = snapshot.ingresses
    .flatMap((ingress) =>
      listAt(ingress, 'spec', 'rules')
        .filter((rule) => textAt(rule, 'host') === host)
        .flatMap((rule) => listAt(rule, 'http', 'paths').map((entry) => ({ ingress, entry }))),
    )
    .filter(({ entry }) => pathMatches('PathPrefix', textAt(entry, 'path') || '/', path))
    .toSorted((one, other) => textAt(other.entry, 'path').length - textAt(one.entry, 'path').length)
  if (first === undefined) return []
  const name = textAt(first.entry, 'backend', 'service', 'name')
  return ownersBehind(snapshot, 'Service', textAt(first.ingress, 'metadata', 'namespace'), name)
}
