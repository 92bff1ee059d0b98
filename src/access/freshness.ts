import type { Note } from './answer.ts'
import type { CredentialKind } from './caller.ts'
import { type Decision, type DenyReason, deny } from './decision.ts'
import type { Target } from './target.ts'

/** Parts of what is known that age apart: each has a source of its own. */
export const FACTS = ['pods', 'services', 'policies', 'keys'] as const
export type Fact = (typeof FACTS)[number]

/** The longest age of a pod's address where no valid credential is shown, and of everything else. */
export const STALENESS_LIMITS = ['address', 'object'] as const
export type StalenessLimit = (typeof STALENESS_LIMITS)[number]

/** The bounds that hold for each fact. */
export const LIMITS_OF: Readonly<Record<Fact, readonly StalenessLimit[]>> = {
  pods: STALENESS_LIMITS,
  services: ['object'],
  policies: ['object'],
  keys: ['object'],
}

/** A fact that is older than a bound. */
export type StaleFact = { readonly fact: Fact; readonly bound: StalenessLimit }

/** Whether a fact is younger than a bound. */
export type IsFresh = (fact: Fact, bound: StalenessLimit) => boolean

type Basis = {
  /** The bound of the address of the pod that is asked. */
  readonly pod: StalenessLimit
  /** They count as objects do. */
  readonly facts: readonly Exclude<Fact, 'pods'>[]
}

/** The address may have passed to the pod of a protected service. */
const OPEN: Basis = { pod: 'address', facts: ['services', 'policies'] }
const CREDENTIAL: Basis = { pod: 'object', facts: ['services', 'policies'] }

/** What lets a caller in. */
const BASES: Readonly<Record<CredentialKind, Basis>> = {
  'api-key': { ...CREDENTIAL, facts: [...CREDENTIAL.facts, 'keys'] },
  jwt: CREDENTIAL,
  kubernetes: CREDENTIAL,
  mesh: CREDENTIAL,
  // Known by the addresses of both pods.
  component: OPEN,
  anonymous: OPEN,
}

const REASONS: Readonly<Record<Fact, DenyReason>> = {
  pods: 'unknown-target',
  services: 'unknown-target',
  policies: 'authorization-unavailable',
  keys: 'authentication-unavailable',
}

type Case = {
  readonly target: Pick<Target, 'workload'>
  readonly note: Note | undefined
}

/** An allow counts only while the facts behind it are fresh; a denial always does. */
export function whileFresh(decision: Decision, { target, note }: Case, isFresh: IsFresh): Decision {
  if (decision.outcome === 'deny') return decision
  const kind = decision.caller?.kind
  const { pod, facts } = kind === undefined ? OPEN : BASES[kind]
  const atStaleAddress = target.workload !== undefined && !isFresh('pods', pod)
  const stale = atStaleAddress ? 'pods' : facts.find((fact) => !isFresh(fact, 'object'))
  if (stale === undefined) return decision
  note?.(`not allowed: the data about ${stale} is too old`)
  return deny(REASONS[stale])
}
