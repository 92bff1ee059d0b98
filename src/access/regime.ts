import type { Note } from './answer.ts'
import type { Audiences } from './authentication.ts'
import type { Caller } from './caller.ts'
import { type ClaimHeaders, mergeHeaders } from './decision.ts'
import type { Exclusion } from './exclusions.ts'
import { explainRules } from './explain.ts'
import type { Policy, PolicyTerms } from './policy.ts'
import { areTooMuch } from './policy-weight.ts'
import type { NamedTerms } from './refusal.ts'
import { matchRule, mayMatchRule, namesPaths, type Operation, widely } from './rule.ts'
import type { Protection, Service } from './service.ts'

/** All policies of one service as one: what is in force there. */
export type Regime = {
  readonly protection: Protection
  /** Of the policies that decide; empty: there is none. */
  readonly terms: readonly NamedTerms[]
  /** Why nobody is let in: a policy cannot be read, or all of them are too much. */
  readonly invalid: string | undefined
  /** Whether some rule asks for the path. */
  readonly byPath: boolean
  /** A token of the cluster must be good for each of these. */
  readonly audiences: readonly Audiences[]
  /** Paths that all of the policies let pass. */
  readonly exclusions: readonly Exclusion[]
  /** Headers for the model; `undefined`: no policy asks for any. */
  readonly claimHeaders: ClaimHeaders | undefined
}

/** How the rules of all policies judge a caller. `silent`: none of them says who may. */
export type RulesVerdict = 'denied' | 'allowed' | 'refused' | 'silent'

/**
 * Combines the policies that are in force for a service: they narrow each other, in any order. A service
 * whose owner opened it by annotation stays open; one that says nothing is protected by the first of them.
 */
export function regimeOf(service: Service, policies: readonly Policy[]): Regime {
  const unreadable = policies.find(({ terms }) => terms === undefined)
  const terms = policies.flatMap(({ name, terms }) =>
    terms === undefined ? [] : [{ ...terms, policy: name }],
  )
  const invalid =
    unreadable === undefined
      ? areTooMuch(terms) && 'together they have too many entries'
      : `${unreadable.name} cannot be read`
  const protects = policies.length > 0 && service.optedOut !== true
  const excludes = invalid === false && service.kind !== 'InferenceGraph'
  return {
    protection: service.protection === 'open' && protects ? 'protected' : service.protection,
    terms,
    invalid: invalid === false ? undefined : invalid,
    byPath: terms.some(({ deny, allow = [] }) => [...deny, ...allow].some(namesPaths)),
    audiences: audiencesOf(terms),
    exclusions: excludes ? inAll(terms.map(({ exclusions }) => exclusions)) : [],
    claimHeaders: terms.some(({ headers }) => Object.keys(headers).length > 0)
      ? terms.map(({ headers }): ClaimHeaders => headers).reduce(mergeHeaders)
      : undefined,
  }
}

/** What every list has: the same path, with the methods that are in all of them. */
function inAll(lists: readonly (readonly Exclusion[])[]): readonly Exclusion[] {
  const [first = [], ...others] = lists
  return first.flatMap(({ path, methods }) => {
    const common = methods.filter((method) =>
      others.every((list) =>
        list.some((other) => other.path === path && other.methods.includes(method)),
      ),
    )
    return common.length === 0 ? [] : [{ path, methods: common }]
  })
}

/** A policy that names no audiences means the installation's. */
function audiencesOf(terms: readonly PolicyTerms[]): readonly Audiences[] {
  const lists = terms.map(({ accepted }) => accepted?.kubernetes?.audiences)
  const own = new Map(
    lists.flatMap((list) => (list === undefined ? [] : [[JSON.stringify(list), list] as const])),
  )
  const sorted = [...own].toSorted(([one], [other]) => (one < other ? -1 : 1))
  const installation = lists.length === 0 || lists.includes(undefined) ? [undefined] : []
  return [...installation, ...sorted.map(([, list]) => list)]
}

type Terms = Pick<Regime, 'terms'>

/** Any deny denies; every policy that says who may must allow. */
export function judgeByRules(
  { terms }: Terms,
  caller: Caller,
  operation: Operation,
  note?: Note,
): RulesVerdict {
  if (note !== undefined) explainRules(terms, caller, operation, note)
  if (isDenied({ terms }, caller, operation)) return 'denied'
  let verdict: RulesVerdict = 'silent'
  for (const { allow } of terms) {
    if (allow === undefined) continue
    if (!allow.some((rule) => matchRule(rule, caller, operation))) return 'refused'
    verdict = 'allowed'
  }
  return verdict
}

export function isDenied({ terms }: Terms, caller: Caller, operation: Operation): boolean {
  if (terms.every(({ deny }) => deny.length === 0)) return false
  const seen = widely(caller, operation)
  return terms.some(({ deny }) => deny.some((rule) => mayMatchRule(rule, ...seen)))
}
