// Which facts an allow depends on, and how old they may be.

import type { Note } from './answer.ts'
import type { CredentialKind } from './caller.ts'
import { type Decision, type DenyReason, deny } from './decision.ts'
import type { Target } from './target.ts'

/** The kinds of data, each with an age of its own. */
export const FACTS = ['pods', 'services', 'policies', 'keys'] as const
export type Fact = (typeof FACTS)[number]

/** The two limits of age: for a pod's address if no valid credential is shown, and for everything else. */
export const STALENESS_LIMITS = ['address', 'object'] as const
export type StalenessLimit = (typeof STALENESS_LIMITS)[number]

/** The limits of each fact. */
export const LIMITS_OF: Readonly<Record<Fact, readonly StalenessLimit[]>> = {
  pods: STALENESS_LIMITS,
  services: ['object'],
  policies: ['object'],
  keys: ['object'],
}

/** A fact older than a limit. */
export type StaleFact = { readonly fact: Fact; readonly bound: StalenessLimit }

/** Whether a fact is younger than a limit. */
export type IsFresh = (fact: Fact, bound: StalenessLimit) => boolean

type Basis = {
  /** The limit for the address of the called pod. */
  readonly pod: StalenessLimit
  /** Facts with the limit `object`. */
  readonly facts: readonly Exclude<Fact, 'pods'>[]
}

/** Without a valid credential: the address may since belong to a pod of a protected service. */
const OPEN: Basis = { pod: 'address', facts: ['services', 'policies'] }
const CREDENTIAL: Basis = { pod: 'object', facts: ['services', 'policies'] }

/** The facts behind an allow, by kind of caller. */
const BASES: Readonly<Record<CredentialKind, Basis>> = {
  'api-key': { ...CREDENTIAL, facts: [...CREDENTIAL.facts, 'keys'] },
  jwt: CREDENTIAL,
  kubernetes: CREDENTIAL,
  mesh: CREDENTIAL,
  // Identified by the addresses of both pods.
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

/** An allow needs fresh facts; a denial stands. */
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
