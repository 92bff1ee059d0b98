import { every, some, type Told, tellClaims } from './claim-oracle.ts'
import type {
  AuthenticationSpec,
  OperationSpec,
  PolicySpec,
  RuleSpec,
  SourceSpec,
} from './generate.ts'

/** The caller, in the interpreter's own terms. */
export type Who = {
  readonly kind: 'nobody' | 'unknown' | 'kubernetes' | 'api-key' | 'jwt' | 'mesh'
  /** Whether it is the transformer of the same service, which needs no permission. */
  readonly component?: boolean
  readonly user?: string
  readonly groups?: readonly string[]
  /** Whether the token omits some of its groups. */
  readonly moreGroups?: boolean
  readonly principal?: string
  readonly audiences?: readonly string[]
  readonly labels?: Readonly<Record<string, string>>
  readonly opens?: boolean
  readonly provider?: string
  readonly claims?: Readonly<Record<string, unknown>>
  readonly inRbac?: boolean
}

export type Asking = {
  /** The identity from the credential, if there is one, else from the peer. */
  readonly who: Who
  /** The identity from the connection's certificate. */
  readonly peer: string | undefined
  readonly method: string
  readonly path: string
  readonly canonical: boolean
}

/** The state of a service and of its policies in force. */
export type Situation = {
  readonly kind: string
  readonly isOpen: boolean
  readonly optedOut: boolean
  readonly policies: readonly PolicySpec[]
  readonly broken: boolean
}

/** By deny rules, only because its token omits groups. */
const DENIED_FOR_GROUPS = ['groups-unknown']

const NOBODY: Who = { kind: 'nobody' }

/** `allow`, or the possible reasons: if several hold, either may be given. */
export type Verdict = 'allow' | readonly string[]

export const INSTALLATION = ['api']

/** Evaluates policies by the documentation, word by word. */
export function interpret(situation: Situation, asking: Asking): Verdict {
  const { policies, broken } = situation
  if (situation.optedOut) return 'allow'
  if (situation.isOpen && policies.length === 0 && !broken) return 'allow'
  if (!broken && isExcluded(situation, asking)) return 'allow'
  if (broken) return ['policy-invalid']
  const rules = policies.flatMap(({ deny = [], allow = [] }) => [...deny, ...allow])
  const naming = rules.some(({ to = [] }) => to.some(({ paths }) => paths !== undefined))
  if (naming && !asking.canonical) return ['unsupported-request']
  return byCaller(situation, asking)
}

function byCaller(situation: Situation, asking: Asking): Verdict {
  const verdict = byCredential(situation, asking)
  if (verdict === 'allow' || asking.who.component !== true) return verdict
  if (situation.kind !== 'InferenceService') return verdict
  if (verdict.includes('denied-by-rule') || verdict === DENIED_FOR_GROUPS) return verdict
  const component: Asking = { ...asking, who: { ...asking.who, ...COMPONENT } }
  const denied = situation.policies.some(({ deny = [] }) =>
    deny.some((rule) => denies(rule, component)),
  )
  return denied ? ['denied-by-rule', ...verdict] : 'allow'
}

const COMPONENT = {
  user: 'system:serviceaccount:team:iris-sa',
  groups: ['system:serviceaccounts', 'system:serviceaccounts:team', 'system:authenticated'],
}

function byCredential(situation: Situation, asking: Asking): Verdict {
  const { policies } = situation
  const refused = policies
    .flatMap(({ authentication }) => refusalOf(authentication, asking.who))
    .concat(policies.length === 0 ? refusalOf(undefined, asking.who) : [])
  if (refused.length > 0) {
    const isPeer = asking.who.kind === 'mesh'
    return isPeer ? byCredential(situation, { ...asking, who: NOBODY }) : refused
  }
  return byRules(policies, asking)
}

function byRules(policies: readonly PolicySpec[], asking: Asking): Verdict {
  const { who } = asking
  const complete = { ...asking, who: { ...who, moreGroups: false } }
  if (who.opens === false) return ['key-not-for-service']
  for (const { deny = [] } of policies) {
    for (const rule of deny) {
      if (!denies(rule, asking)) continue
      const isCertain = policies.some((each) => each.deny?.some((one) => denies(one, complete)))
      return isCertain ? ['denied-by-rule'] : DENIED_FOR_GROUPS
    }
  }
  const refusal = [who.kind === 'nobody' ? 'missing-credential' : 'not-permitted']
  const lists = policies.flatMap(({ allow }) => (allow === undefined ? [] : [allow]))
  const refusing = lists.filter((allow) => !allow.some((rule) => fits(rule, asking) === 'yes'))
  if (refusing.length > 0) {
    const hangsOnGroups = (rule: RuleSpec) =>
      fits(rule, asking) !== 'no' && fits(rule, complete) === 'no'
    return refusing.every((allow) => allow.some(hangsOnGroups)) ? ['groups-unknown'] : refusal
  }
  if (lists.length > 0) return 'allow'
  return who.kind === 'api-key' || who.inRbac === true ? 'allow' : refusal
}

function isExcluded({ kind, policies }: Situation, { method, path }: Asking): boolean {
  if (kind === 'InferenceGraph' || policies.length === 0) return false
  if (method !== 'GET' && method !== 'HEAD') return false
  return policies.every(({ exclusions = [] }) =>
    exclusions.some(
      ({ path: excluded, methods = ['GET', 'HEAD'] }) =>
        excluded === path && methods.includes(method),
    ),
  )
}

/** The reasons for which a policy does not accept a credential: none or one. */
function refusalOf(authentication: AuthenticationSpec | undefined, who: Who): readonly string[] {
  const named = (accepted: readonly string[] | undefined) =>
    (accepted ?? INSTALLATION).some((audience) => who.audiences?.includes(audience) === true)
  switch (who.kind) {
    case 'nobody':
      return authentication?.anonymous === undefined ? ['missing-credential'] : []
    case 'mesh':
      return authentication?.mesh === undefined ? ['missing-credential'] : []
    case 'unknown':
      return ['unknown-api-key']
    case 'kubernetes':
      if (authentication !== undefined && authentication.kubernetes === undefined) {
        return ['unknown-issuer', 'wrong-audience']
      }
      return named(authentication?.kubernetes?.audiences)
        ? []
        : ['wrong-audience', 'unknown-issuer']
    case 'api-key': {
      if (authentication === undefined) return []
      const { apiKeys } = authentication
      if (apiKeys === undefined) return ['unknown-api-key', 'key-not-for-service']
      const fitting = hasLabels(who, apiKeys.selector?.matchLabels)
      return fitting ? [] : ['key-not-for-service', 'unknown-api-key']
    }
    case 'jwt': {
      if (authentication === undefined) return []
      const mine = (authentication.jwt ?? []).filter(({ provider }) => provider === who.provider)
      const fitting = mine.some(({ audiences }) => audiences === undefined || named(audiences))
      return fitting ? [] : ['unknown-issuer', 'wrong-audience']
    }
  }
}

const hasLabels = ({ labels }: Who, wanted: Readonly<Record<string, string>> = {}): boolean =>
  labels !== undefined && Object.keys(wanted).every((name) => labels[name] === wanted[name])

function fits({ from, to }: RuleSpec, asking: Asking): Told {
  const source = from === undefined ? 'yes' : some(from.map((entry) => isFrom(entry, asking.who)))
  const operation = to === undefined || to.some((entry) => isTo(entry, asking))
  return operation ? source : 'no'
}

/** A deny rule matches the peer whatever the credential, and methods in lower case. */
function denies(rule: RuleSpec, { who, peer, method, ...asking }: Asking): boolean {
  const seen = peer === undefined ? who : { ...who, principal: who.principal ?? peer }
  return fits(rule, { ...asking, peer, who: seen, method: method.toUpperCase() }) !== 'no'
}

function isFrom(source: SourceSpec, who: Who): Told {
  const { serviceAccounts, users, groups, principals, apiKeys, claims } = source
  const [, , namespace, name] = (who.user ?? '').split(':')
  const account = who.kind === 'kubernetes' ? `${namespace}/${name}` : ''
  const isOneOf = (list: readonly string[] | undefined, one: string | undefined): Told =>
    list === undefined || list.includes(one ?? '') ? 'yes' : 'no'
  return every([
    isOneOf(serviceAccounts, account),
    isOneOf(users, who.user),
    groups === undefined ? 'yes' : isIn(groups, who),
    isOneOf(principals, who.principal),
    apiKeys === undefined || hasLabels(who, apiKeys.matchLabels) ? 'yes' : 'no',
    claims === undefined ? 'yes' : tellClaims(who.claims, claims),
  ])
}

function isIn(wanted: readonly string[], { groups = [], moreGroups = false }: Who): Told {
  if (groups.some((one) => wanted.includes(one))) return 'yes'
  return moreGroups && wanted.length > 0 ? 'cannot tell' : 'no'
}

function isTo({ methods, paths }: OperationSpec, { method, path }: Asking): boolean {
  if (methods !== undefined && !methods.includes(method)) return false
  return (
    paths === undefined ||
    paths.some((one) => one === path || (one.endsWith('*') && path.startsWith(one.slice(0, -1))))
  )
}
