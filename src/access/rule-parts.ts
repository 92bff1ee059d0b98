// The parts of a rule: how each one matches, and what it weighs.

import { serviceAccountOfUser } from '../common/service-account-name.ts'
import { type Caller, isUser, isVouchedFor } from './caller.ts'
import { matchClaims } from './claims.ts'
import { type Match, matchOf } from './match.ts'
import { holdsOneOf } from './membership.ts'

/** What a rule can require of a caller. A part matches if one of its entries does. */
export type RuleSourceParts = {
  /** `namespace/name` of callers whose token the cluster confirmed. */
  readonly serviceAccounts: readonly string[]
  readonly users: readonly string[]
  readonly groups: readonly string[]
  /** `<trust domain>/ns/<namespace>/sa/<name>` of mesh peers. */
  readonly principals: readonly string[]
  /** Labels that the Secret of the caller's key must all have; empty: any API key. */
  readonly apiKeys: ReadonlyMap<string, string>
  /** For each claim, the values of which it must have one; empty: any JWT. */
  readonly claims: ReadonlyMap<string, readonly string[]>
}

/** What a rule can require of a request. */
export type RuleOperationParts = {
  readonly methods: readonly string[]
  /** Exact, with `*` for any one segment, or `/prefix/*` for all paths below. */
  readonly paths: readonly string[]
}

/** The requested operation. `path` is canonical if a rule names paths. */
export type Operation = {
  readonly method: string
  readonly path: string
  /** The peer of the connection, whatever credential it presents; for deny rules only. */
  readonly peer?: string | undefined
}

type Part<Wanted, Asked> = {
  readonly match: (wanted: Wanted, asked: Asked) => Match
  /** The number of entries that `match` may look at. */
  readonly weigh: (wanted: Wanted) => number
  /** Whether it needs a canonical path. */
  readonly byPath: boolean
}

/** The meaning of each part. A part without an entry does not compile. */
export type PartTable<Parts, Asked> = { readonly [K in keyof Parts]: Part<Parts[K], Asked> }

const byTexts = <Asked>(
  match: (wanted: readonly string[], asked: Asked) => Match,
): Part<readonly string[], Asked> => ({ match, weigh: ({ length }) => length, byPath: false })

const isAmong = (text: string | undefined, texts: readonly string[]): Match =>
  matchOf(text !== undefined && texts.includes(text))

export const SOURCE_PARTS: PartTable<RuleSourceParts, Caller> = {
  serviceAccounts: byTexts((wanted, caller) => isAmong(serviceAccountOf(caller), wanted)),
  users: byTexts((wanted, caller) => isAmong(isUser(caller) ? caller.user : undefined, wanted)),
  groups: byTexts(matchGroups),
  principals: byTexts((wanted, { principal }) => isAmong(principal, wanted)),
  apiKeys: { match: matchLabels, weigh: ({ size }) => size, byPath: false },
  claims: {
    match: (wanted, { claims }) => (claims === undefined ? 'no' : matchClaims(claims, wanted)),
    weigh: (wanted) =>
      [...wanted].reduce((sum, [path, texts]) => sum + lookUpsFor(path) + texts.length, 0),
    byPath: false,
  },
}

export const OPERATION_PARTS: PartTable<RuleOperationParts, Operation> = {
  methods: byTexts((wanted, { method }) => isAmong(method, wanted)),
  paths: {
    match: (wanted, { path }) => matchOf(wanted.some((pattern) => matchPath(pattern, path))),
    weigh: (patterns) => patterns.reduce((sum, pattern) => sum + segmentsIn(pattern), 0),
    byPath: true,
  },
}

function serviceAccountOf(caller: Caller): string | undefined {
  const account = isVouchedFor(caller) ? serviceAccountOfUser(caller.user) : undefined
  return account && `${account.namespace}/${account.name}`
}

function matchGroups(
  wanted: readonly string[],
  { groups, impliedGroups = [], moreGroups }: Caller,
): Match {
  if (holdsOneOf(groups, wanted) || holdsOneOf(impliedGroups, wanted)) return 'yes'
  return moreGroups === true && wanted.length > 0 ? 'unknown' : 'no'
}

function matchLabels(wanted: ReadonlyMap<string, string>, { apiKey }: Caller): Match {
  if (apiKey === undefined) return 'no'
  for (const [label, value] of wanted) if (apiKey.labels.get(label) !== value) return 'no'
  return 'yes'
}

function matchPath(pattern: string, path: string): boolean {
  if (pattern.includes('/*/')) return matchSegments(pattern.split('/'), path)
  return pattern.endsWith('/*') ? path.startsWith(pattern.slice(0, -1)) : pattern === path
}

/** An empty segment does not count: `/a/` has no second one. */
function matchSegments(wanted: readonly string[], path: string): boolean {
  const isPrefix = wanted.at(-1) === '*'
  const exact = isPrefix ? wanted.slice(0, -1) : wanted
  const found = path.split('/', wanted.length + 1)
  if (isPrefix ? found.length < wanted.length : found.length !== wanted.length) return false
  return exact.every((segment, index) =>
    segment === '*' ? found[index] !== '' : segment === found[index],
  )
}

/** The number of segments to compare; 1 for a pattern without an inner wildcard. */
const segmentsIn = (pattern: string): number =>
  pattern.includes('/*/') ? pattern.split('/').length : 1

/** With n remaining steps, up to n keys are tried. */
export function lookUpsFor(path: string): number {
  const steps = path.split('.').length
  return (steps * (steps + 1)) / 2
}
