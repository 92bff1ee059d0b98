import type { Caller } from './caller.ts'

/** Who may do what. Every part that is there must match; a part that is there and empty matches nothing. */
export type Rule = {
  readonly from: readonly RuleSource[] | undefined
  readonly to: readonly RuleOperation[] | undefined
}

/** Each part names several, of which one is enough. */
export type RuleSource = {
  /** `namespace/name`, of callers whose token the cluster vouches for. */
  readonly serviceAccounts?: readonly string[]
  readonly users?: readonly string[]
  readonly groups?: readonly string[]
  /** `<trust domain>/ns/<namespace>/sa/<name>` of mesh peers. */
  readonly principals?: readonly string[]
  /** Labels that the Secret of the caller's key must all have. */
  readonly apiKeys?: ReadonlyMap<string, string>
  /** Texts of which a claim must hold one, for each claim; a dot leads into a claim. */
  readonly claims?: ReadonlyMap<string, readonly string[]>
}

export type RuleOperation = {
  readonly methods?: readonly string[]
  /** Exact, or `/prefix/*` for whatever lies below. */
  readonly paths?: readonly string[]
}

/** What a caller is about to do: `path` is canonical wherever a rule names paths. */
export type Operation = { readonly method: string; readonly path: string }

/** Whether a rule matches, and the part that decided if it does not. */
export type RuleMatch = { readonly matches: true } | { readonly matches: false; readonly by: string }

const MATCHES: RuleMatch = { matches: true }

export function matchRule(rule: Rule, caller: Caller, operation: Operation): RuleMatch {
  const from = matchAny('from', rule.from, (source) => matchSource(source, caller))
  return from.matches ? matchAny('to', rule.to, (to) => matchOperation(to, operation)) : from
}

/** One entry is enough; what decided against the last one is told. */
function matchAny<T>(
  part: string,
  entries: readonly T[] | undefined,
  match: (entry: T) => RuleMatch,
): RuleMatch {
  if (entries === undefined) return MATCHES
  let last: RuleMatch = { matches: false, by: part }
  for (const entry of entries) {
    const found = match(entry)
    if (found.matches) return found
    last = { matches: false, by: `${part}.${found.by}` }
  }
  return last
}

function matchSource(source: RuleSource, caller: Caller): RuleMatch {
  const { serviceAccounts, users, groups, principals, apiKeys, claims } = source
  if (!holds(serviceAccounts, serviceAccountOf(caller))) return failed('serviceAccounts')
  if (!holds(users, userOf(caller))) return failed('users')
  if (groups !== undefined && !caller.groups.some((group) => groups.includes(group))) {
    return failed('groups')
  }
  if (!holds(principals, principalOf(caller))) return failed('principals')
  if (apiKeys !== undefined && !hasLabels(caller, apiKeys)) return failed('apiKeys')
  if (claims !== undefined && !hasClaims(caller, claims)) return failed('claims')
  return MATCHES
}

function matchOperation({ methods, paths }: RuleOperation, operation: Operation): RuleMatch {
  if (!holds(methods, operation.method)) return failed('methods')
  if (paths !== undefined && !paths.some((path) => matchPath(path, operation.path))) {
    return failed('paths')
  }
  return MATCHES
}

const failed = (by: string): RuleMatch => ({ matches: false, by })

const holds = (entries: readonly string[] | undefined, text: string | undefined): boolean =>
  entries === undefined || (text !== undefined && entries.includes(text))

const matchPath = (pattern: string, path: string): boolean =>
  pattern.endsWith('/*') ? path.startsWith(pattern.slice(0, -1)) : pattern === path

const SERVICE_ACCOUNT = /^system:serviceaccount:([^:]+):([^:]+)$/

/** Only a TokenReview, or what stands for one, vouches for a ServiceAccount. */
function serviceAccountOf({ kind, user }: Caller): string | undefined {
  const [, namespace, name] = (kind === 'kubernetes' && SERVICE_ACCOUNT.exec(user)) || []
  return namespace === undefined || name === undefined ? undefined : `${namespace}/${name}`
}

/** A mesh peer is a principal, an anonymous caller nobody: neither is a user. */
const userOf = ({ kind, user }: Caller): string | undefined =>
  kind === 'mesh' || kind === 'anonymous' ? undefined : user

const principalOf = ({ kind, user }: Caller): string | undefined =>
  kind === 'mesh' ? user : undefined

const hasLabels = ({ apiKey }: Caller, wanted: ReadonlyMap<string, string>): boolean =>
  apiKey !== undefined && [...wanted].every(([label, value]) => apiKey.labels.get(label) === value)

const hasClaims = (
  { claims = {} }: Caller,
  wanted: ReadonlyMap<string, readonly string[]>,
): boolean =>
  [...wanted].every(([name, texts]) =>
    textsIn(claimAt(claims, name)).some((text) => texts.includes(text)),
  )

/** The claim of this very name, else the one that the dots lead to. Own properties only. */
export function claimAt(claims: Readonly<Record<string, unknown>>, name: string): unknown {
  if (Object.hasOwn(claims, name)) return claims[name]
  let value: unknown = claims
  for (const part of name.split('.')) {
    if (!isFields(value) || !Object.hasOwn(value, part)) return undefined
    value = value[part]
  }
  return value
}

const isFields = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const textsIn = (value: unknown): readonly string[] =>
  (Array.isArray(value) ? value : [value]).filter((entry) => typeof entry === 'string')

/** Whether a rule asks for the path. */
export const namesPaths = ({ to }: Rule): boolean =>
  to?.some(({ paths }) => paths !== undefined) ?? false
