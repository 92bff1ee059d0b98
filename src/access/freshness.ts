// Which facts an allow depends on, and how old they may be.

import type { Note } from './answer.ts'
import type { CredentialKind } from './caller.ts'
import { type Decision, type DenyReason, deny } from './decision.ts'
import type { Target } from './target.ts'

/** The kinds of data, each with a separate age. */
export const FACTS = ['pods', 'routes', 'services', 'policies', 'keys'] as const
export type Fact = (typeof FACTS)[number]

/**
 * The two limits of age: for a pod's address, and for a route that a gateway names, if no valid credential is
 * shown; and for everything else.
 */
export const STALENESS_LIMITS = ['address', 'object'] as const
export type StalenessLimit = (typeof STALENESS_LIMITS)[number]

/** The limits of each fact. */
export const LIMITS_OF: Readonly<Record<Fact, readonly StalenessLimit[]>> = {
  pods: STALENESS_LIMITS,
  routes: STALENESS_LIMITS,
  services: ['object'],
  policies: ['object'],
  keys: ['object'],
}

/** A fact older than a limit. */
export type StaleFact = { readonly fact: Fact; readonly bound: StalenessLimit }

/** Whether a fact is younger than a limit. */
export type IsFresh = (fact: Fact, bound: StalenessLimit) => boolean

type Basis = {
  /** The limit for the address of the called pod, or for the route that a gateway names. */
  readonly place: StalenessLimit
  /** Facts with the limit `object`. */
  readonly facts: readonly Exclude<Fact, 'pods' | 'routes'>[]
}

/** Without a valid credential: the address or the route may since lead to a protected service. */
const OPEN: Basis = { place: 'address', facts: ['services', 'policies'] }
const CREDENTIAL: Basis = { place: 'object', facts: ['services', 'policies'] }

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
  routes: 'unknown-target',
  services: 'unknown-target',
  policies: 'authorization-unavailable',
  keys: 'authentication-unavailable',
}

type Case = {
  readonly target: Pick<Target, 'workload' | 'bound'>
  readonly note: Note | undefined
}

/** An allow needs fresh facts; a denial stands. */
export function whileFresh(decision: Decision, { target, note }: Case, isFresh: IsFresh): Decision {
  if (decision.outcome === 'deny') return decision
  const kind = decision.caller?.kind
  const { place, facts } = kind === undefined ? OPEN : BASES[kind]
  const stalePlace = placesOf(target).find((fact) => !isFresh(fact, place))
  const stale = stalePlace ?? facts.find((fact) => !isFresh(fact, 'object'))
  if (stale === undefined) return decision
  note?.(`not allowed: the data about ${stale} is too old`)
  return deny(REASONS[stale])
}

/** The facts that determine the destination of a request. */
function placesOf({ workload, bound = false }: Case['target']): readonly Fact[] {
  if (workload !== undefined) return ['pods']
  return bound ? ['routes'] : []
}
