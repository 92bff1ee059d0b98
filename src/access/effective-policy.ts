// Combines all policies of a service into its effective policy, and applies their rules.

import type { NamedTerms } from './accepted-credentials.ts'
import type { Note } from './answer.ts'
import type { Audiences } from './authentication.ts'
import type { Caller } from './caller.ts'
import type { ClaimHeaders } from './decision.ts'
import type { Exclusion } from './exclusions.ts'
import { explainRules } from './explain.ts'
import type { Policy, PolicyTerms } from './policy.ts'
import { areTooMuch, MAX_SERVICE_WEIGHT } from './policy-weight.ts'
import { asSeenByDeny, matchRule, mayMatchRule, namesPaths, type Operation } from './rule.ts'
import { matchesOneOf } from './rule-hints.ts'
import { type Protection, runsOnEveryPath, type Service } from './service.ts'

/** All policies of one service combined (GEP-713). */
export type EffectivePolicy = {
  readonly protection: Protection
  /** The terms of the policies that decide; empty: there is none. */
  readonly terms: readonly NamedTerms[]
  /** Why every request is denied: a policy cannot be read, or the policies exceed their limit. */
  readonly invalid: string | undefined
  /** Whether a rule matches the path. */
  readonly byPath: boolean
  /** A token of the cluster must be valid for each of these. */
  readonly audiences: readonly Audiences[]
  /** Paths that every policy excludes. */
  readonly exclusions: readonly Exclusion[]
  /** Headers for the model; `undefined`: no policy sets any. */
  readonly claimHeaders: ClaimHeaders | undefined
}

/** The verdict of the rules of all policies. `silent`: no policy has allow rules. */
export type RulesVerdict = 'denied' | 'allowed' | 'refused' | 'silent'

/**
 * Combines the policies of a service, in any order; each can only narrow. A service that its owner opened by
 * annotation stays open; one without an annotation is protected by its first policy. `excess`: the policies
 * of the namespace exceed their limit, so each closes the services it covers.
 */
export function effectivePolicyOf(
  service: Service,
  policies: readonly Policy[],
  excess = false,
): EffectivePolicy {
  const protection = protectionUnder(service, policies)
  const claimHeaders = headersOf(policies)
  const tooMuch = excessOf(policies, excess)
  if (tooMuch !== undefined) return { ...CLOSED, protection, invalid: tooMuch, claimHeaders }
  const invalid = unreadableIn(policies)
  const terms = policies.flatMap((policy) => namedTermsOf(policy) ?? [])
  const excludes = invalid === undefined && !runsOnEveryPath(service)
  return {
    protection,
    terms,
    invalid,
    byPath: terms.some(({ deny, allow = [] }) => deny.some(namesPaths) || allow.some(namesPaths)),
    audiences: audiencesOf(terms),
    exclusions: excludes ? inAll(terms.map(({ exclusions }) => exclusions)) : [],
    claimHeaders,
  }
}

/** The protection of a service under policies that are enforced. */
export function protectionUnder(
  { protection, optedOut }: Pick<Service, 'protection' | 'optedOut'>,
  policies: readonly Policy[],
): Protection {
  const protects = policies.length > 0 && optedOut !== true
  return protection === 'open' && protects ? 'protected' : protection
}

/** Why policies deny every request; `undefined`: they do not. */
export const invalidityOf = (policies: readonly Policy[], excess: boolean): string | undefined =>
  excessOf(policies, excess) ?? unreadableIn(policies)

function unreadableIn(policies: readonly Policy[]): string | undefined {
  const unreadable = policies.find(({ terms }) => terms === undefined)
  return unreadable && `${unreadable.name} cannot be read`
}

/** Policies over the limit are not evaluated. */
const CLOSED = { terms: [], byPath: false, audiences: [undefined], exclusions: [] }

function excessOf(policies: readonly Policy[], excess: boolean): string | undefined {
  if (excess && policies.length > 0)
    return 'all policies of the namespace together have too many entries'
  return areTooMuch(policies) ? 'together they have too many entries' : undefined
}

const named = new WeakMap<Policy, NamedTerms>()

/** One object per policy, shared by all services it covers. */
function namedTermsOf(policy: Policy): NamedTerms | undefined {
  const { terms, name } = policy
  if (terms === undefined) return undefined
  const known = named.get(policy) ?? { ...terms, policy: name }
  named.set(policy, known)
  return known
}

/** Policies within the limit cannot set more. */
const MAX_HEADERS = MAX_SERVICE_WEIGHT

/** Like `mergeHeaders`, for all policies. A denied request loses the client's copies, too. */
function headersOf(policies: readonly Policy[]): ClaimHeaders | undefined {
  const merged = new Map<string, string | undefined>()
  for (const { terms } of policies) {
    if (merged.size > MAX_HEADERS) break
    for (const [name, claim] of Object.entries(terms?.headers ?? {})) {
      merged.set(name, merged.has(name) && merged.get(name) !== claim ? undefined : claim)
    }
  }
  return merged.size === 0 ? undefined : Object.fromEntries(merged)
}

type Methods = ReadonlySet<Exclusion['methods'][number]>

/** The intersection: paths in every list, with the methods that every list has. */
function inAll(lists: readonly (readonly Exclusion[])[]): readonly Exclusion[] {
  const [first = new Map<string, Methods>(), ...others] = lists.map(methodsByPath)
  return [...first].flatMap(([path, methods]) => {
    const common = [...methods].filter((method) =>
      others.every((other) => other.get(path)?.has(method) === true),
    )
    return common.length === 0 ? [] : [{ path, methods: common }]
  })
}

function methodsByPath(list: readonly Exclusion[]): ReadonlyMap<string, Methods> {
  const byPath = new Map<string, Set<Exclusion['methods'][number]>>()
  for (const { path, methods } of list) {
    const known = byPath.get(path)
    if (known === undefined) byPath.set(path, new Set(methods))
    else for (const method of methods) known.add(method)
  }
  return byPath
}

/** A policy without audiences uses the installation's. */
function audiencesOf(terms: readonly PolicyTerms[]): readonly Audiences[] {
  const lists = terms.map(({ accepted }) => accepted?.kubernetes?.audiences)
  const own = new Map(
    lists.flatMap((list) => (list === undefined ? [] : [[JSON.stringify(list), list] as const])),
  )
  const sorted = [...own].toSorted(([one], [other]) => (one < other ? -1 : 1))
  const installation = lists.length === 0 || lists.includes(undefined) ? [undefined] : []
  return [...installation, ...sorted.map(([, list]) => list)]
}

type Terms = Pick<EffectivePolicy, 'terms'>

/** A matching deny rule denies. Every policy with allow rules must allow. */
export function judgeByRules(
  { terms }: Terms,
  caller: Caller,
  operation: Operation,
  note?: Note,
): RulesVerdict {
  if (note !== undefined) explainRules(terms, caller, operation, note)
  if (isDenied({ terms }, caller, operation)) return 'denied'
  let verdict: RulesVerdict = 'silent'
  for (const { policy, allow } of terms) {
    if (allow === undefined) continue
    if (!matchesOneOf(allow, policy, caller, operation)) return 'refused'
    verdict = 'allowed'
  }
  return verdict
}

export function isDenied({ terms }: Terms, caller: Caller, operation: Operation): boolean {
  if (terms.every(({ deny }) => deny.length === 0)) return false
  const seen = asSeenByDeny(caller, operation)
  return terms.some(({ deny }) => deny.some((rule) => mayMatchRule(rule, ...seen)))
}

/** The first deny rule that applies, or the first policy without an allow rule that matches. */
export function decidingRule(
  { terms }: Terms,
  caller: Caller,
  operation: Operation,
): string | undefined {
  const seen = asSeenByDeny(caller, operation)
  for (const { policy, deny } of terms) {
    const index = deny.findIndex((rule) => mayMatchRule(rule, ...seen))
    if (index >= 0) return `policy ${policy}, deny[${index}]`
  }
  const refusing = terms.find(
    ({ allow }) => allow?.some((rule) => matchRule(rule, caller, operation)) === false,
  )
  return refusing === undefined ? undefined : `policy ${refusing.policy}, no allow rule matches`
}
