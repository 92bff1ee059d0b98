import type { Caller } from './caller.ts'
import type { ClaimHeaders, DenyReason } from './decision.ts'
import type { Note } from './authorize.ts'
import type { Exclusion } from './exclusions.ts'
import type { AcceptedCredentials, Policy, PolicyTerms } from './policy.ts'
import { matchRule, namesPaths, type Operation, type Rule } from './rule.ts'
import type { Protection, Service } from './service.ts'

/** All policies of one service as one: what is in force there. */
export type Regime = {
  readonly protection: Protection
  /** Of the policies that decide; empty: there is none. */
  readonly terms: readonly NamedTerms[]
  /** A policy that cannot be read: nobody is let in. */
  readonly invalid: string | undefined
  /** Whether some rule asks for the path. */
  readonly byPath: boolean
  /** Paths that all of the policies let pass. */
  readonly exclusions: readonly Exclusion[]
  /** Headers for the model; `undefined`: no policy asks for any. */
  readonly claimHeaders: ClaimHeaders | undefined
}

export type NamedTerms = PolicyTerms & { readonly policy: string }

/** What the mesh admin lets tenants write. */
export type PolicyLimits = { readonly exclusions: boolean; readonly anonymous: boolean }

/** How the rules of all policies judge a caller. `silent`: none of them says who may. */
export type RulesVerdict = 'denied' | 'allowed' | 'refused' | 'silent'

/**
 * Combines the policies that are in force for a service: they narrow each other. A service whose owner
 * opened it by annotation stays open; one that only says nothing is protected by the first of them.
 */
export function regimeOf(
  service: Service,
  policies: readonly Policy[],
  limits: PolicyLimits,
): Regime {
  const invalid = policies.find(({ terms }) => terms === undefined)
  const terms = policies.flatMap(({ name, terms }) =>
    terms === undefined ? [] : [{ ...terms, policy: name }],
  )
  const protectedByPolicy = policies.length > 0 && !service.optedOut
  return {
    protection:
      service.protection === 'open' && protectedByPolicy ? 'protected' : service.protection,
    terms,
    invalid: invalid?.name,
    byPath: terms.some(({ deny, allow = [] }) => [...deny, ...allow].some(namesPaths)),
    exclusions:
      invalid === undefined && limits.exclusions && service.kind !== 'InferenceGraph'
        ? inAll(terms.map(({ exclusions }) => exclusions))
        : [],
    claimHeaders: terms.some(({ headers }) => Object.keys(headers).length > 0)
      ? Object.assign({}, ...terms.map(({ headers }) => headers))
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

/** Any deny denies; every policy that says who may must allow. The order changes nothing. */
export function judgeByRules(
  { terms }: Pick<Regime, 'terms'>,
  caller: Caller,
  operation: Operation,
  note?: Note,
): RulesVerdict {
  const matches = (place: string) => (rule: Rule, index: number) => {
    const match = matchRule(rule, caller, operation)
    note?.(`rule ${place}[${index}]: ${match.matches ? 'yes' : `no, by ${match.by}`}`)
    return match.matches
  }
  if (terms.some(({ policy, deny }) => deny.some(matches(`${policy} deny`)))) return 'denied'
  const lists = terms.filter(({ allow }) => allow !== undefined)
  if (lists.length === 0) return 'silent'
  const allowed = lists.every(({ policy, allow = [] }) => allow.some(matches(`${policy} allow`)))
  return allowed ? 'allowed' : 'refused'
}

/** Why the policies do not accept a caller's credential; `undefined`: all of them do. */
export function refusalOf({ terms }: Pick<Regime, 'terms'>, caller: Caller): DenyReason | undefined {
  for (const { accepted } of terms) {
    const reason = accepted === undefined ? byInstallation(caller) : refusedBy(accepted, caller)
    if (reason !== undefined) return reason
  }
  return undefined
}

/** Never mesh peers or anonymous callers. */
const byInstallation = ({ kind }: Caller): DenyReason | undefined =>
  kind === 'mesh' || kind === 'anonymous' ? 'missing-credential' : undefined

function refusedBy(accepted: AcceptedCredentials, caller: Caller): DenyReason | undefined {
  switch (caller.kind) {
    case 'kubernetes':
      return accepted.kubernetes === undefined ? 'unknown-issuer' : undefined
    case 'api-key':
      return refusedKey(accepted, caller)
    case 'jwt':
      return refusedJwt(accepted, caller)
    case 'mesh':
      return accepted.mesh ? undefined : 'missing-credential'
    case 'anonymous':
      return accepted.anonymous ? undefined : 'missing-credential'
    case 'component':
      return undefined
  }
}

function refusedKey({ apiKeys }: AcceptedCredentials, { apiKey }: Caller): DenyReason | undefined {
  if (apiKeys === undefined || apiKey === undefined) return 'unknown-api-key'
  const selected = [...apiKeys.labels].every(([name, value]) => apiKey.labels.get(name) === value)
  return selected ? undefined : 'key-not-for-service'
}

function refusedJwt(
  { jwt }: AcceptedCredentials,
  { provider, claims = {} }: Caller,
): DenyReason | undefined {
  const accepted = jwt.find((each) => each.provider === provider)
  if (accepted === undefined) return 'unknown-issuer'
  const { audiences } = accepted
  if (audiences === undefined) return undefined
  const named: readonly unknown[] = Array.isArray(claims.aud) ? claims.aud : [claims.aud]
  const fits = named.some((entry) => typeof entry === 'string' && audiences.includes(entry))
  return fits ? undefined : 'wrong-audience'
}

/** The audiences that Kubernetes tokens must be for, list by list; `undefined` stands for the installation's. */
export function audienceLists({ terms }: Pick<Regime, 'terms'>): readonly (readonly string[] | undefined)[] {
  const lists = terms.map(({ accepted }) => accepted?.kubernetes?.audiences)
  const own = lists.filter((list) => list !== undefined)
  return own.length === lists.length && own.length > 0 ? own : [undefined, ...own]
}
