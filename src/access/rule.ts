import type { Caller } from './caller.ts'
import { holdsOneOf } from './membership.ts'

/** Who may do what. Every part that is there must match; a list that is there and empty matches nothing. */
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
  /** Labels that the Secret of the caller's key must all have; without any: that it is a key. */
  readonly apiKeys?: ReadonlyMap<string, string>
  /** Texts of which a claim must hold one, for each claim; without any: that there are claims. */
  readonly claims?: ReadonlyMap<string, readonly string[]>
}

export type RuleOperation = {
  readonly methods?: readonly string[]
  /** Exact, or `/prefix/*` for whatever lies below. */
  readonly paths?: readonly string[]
}

/** What a caller is about to do: `path` is canonical wherever a rule names paths. */
export type Operation = {
  readonly method: string
  readonly path: string
  /** Who is at the other end of the connection, whatever he shows; only rules that deny ask. */
  readonly peer?: string | undefined
}

export const matchRule = ({ from, to }: Rule, caller: Caller, operation: Operation): boolean =>
  (from === undefined || from.some((source) => sourceFault(source, caller) === undefined)) &&
  (to === undefined || to.some((entry) => operationFault(entry, operation) === undefined))

type Asking = readonly [caller: Caller, operation: Operation]

/**
 * As rules that deny see it: a peer is there whatever credential he shows, and to many a server `post` is
 * POST.
 */
export const widely = (caller: Caller, { method, path, peer }: Operation): Asking => [
  peer === undefined || caller.principal !== undefined ? caller : { ...caller, principal: peer },
  { method: method.toUpperCase(), path },
]

/** Whether a rule matches, in words: `yes`, or `no` and the parts that decided. */
export function explainRule({ from, to }: Rule, caller: Caller, operation: Operation): string {
  const faults = [
    ...faultsIn('from', from, (source) => sourceFault(source, caller)),
    ...faultsIn('to', to, (entry) => operationFault(entry, operation)),
  ]
  return faults.length === 0 ? 'yes' : `no, by ${faults.join(', ')}`
}

function faultsIn<T>(
  part: string,
  entries: readonly T[] | undefined,
  faultOf: (entry: T) => string | undefined,
): readonly string[] {
  if (entries === undefined) return []
  if (entries.length === 0) return [`${part}, which is empty`]
  const faults = entries.map(faultOf)
  return faults.includes(undefined)
    ? []
    : faults.map((fault, index) => `${part}[${index}].${fault ?? ''}`)
}

type Part<K extends string> = K | undefined

/** The part that does not match; `undefined`: all do. */
function sourceFault(source: RuleSource, caller: Caller): Part<keyof RuleSource> {
  const { serviceAccounts, users, groups, principals, apiKeys, claims } = source
  if (serviceAccounts !== undefined && !holds(serviceAccounts, serviceAccountOf(caller))) {
    return 'serviceAccounts'
  }
  if (!holds(users, userOf(caller))) return 'users'
  if (groups !== undefined && !holdsOneOf(caller.groups, groups)) return 'groups'
  if (!holds(principals, caller.principal)) return 'principals'
  if (apiKeys !== undefined && !hasLabels(caller, apiKeys)) return 'apiKeys'
  if (claims !== undefined && !hasClaims(caller, claims)) return 'claims'
  return undefined
}

function operationFault(
  { methods, paths }: RuleOperation,
  { method, path }: Operation,
): Part<keyof RuleOperation> {
  if (!holds(methods, method)) return 'methods'
  return paths === undefined || paths.some((pattern) => matchPath(pattern, path))
    ? undefined
    : 'paths'
}

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

function hasLabels({ apiKey }: Caller, wanted: ReadonlyMap<string, string>): boolean {
  if (apiKey === undefined) return false
  for (const [label, value] of wanted) if (apiKey.labels.get(label) !== value) return false
  return true
}

function hasClaims({ claims }: Caller, wanted: ReadonlyMap<string, readonly string[]>): boolean {
  if (claims === undefined) return false
  for (const [name, texts] of wanted) if (!isAmong(claimAt(claims, name), texts)) return false
  return true
}

const isAmong = (value: unknown, texts: readonly string[]): boolean =>
  Array.isArray(value)
    ? holdsOneOf(value, texts)
    : typeof value === 'string' && texts.includes(value)

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

/** Whether a rule asks for the path. */
export const namesPaths = ({ to }: Rule): boolean =>
  to?.some(({ paths }) => paths !== undefined) ?? false
