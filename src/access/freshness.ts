import type { Note } from './answer.ts'
import type { CredentialKind } from './caller.ts'
import { type Decision, type DenyReason, deny } from './decision.ts'
import type { AccessRequest } from './request.ts'
import type { Target } from './target.ts'

/** Parts of what is known that age apart: each has a source of its own. */
export const FACTS = ['pods', 'services', 'policies', 'keys'] as const
export type Fact = (typeof FACTS)[number]

/** The longest age of a fact: where nobody shows a credential, and where a valid one is shown. */
export const BOUNDS = ['open', 'credential'] as const
export type Bound = (typeof BOUNDS)[number]

/** The bounds that hold for each fact: nobody is let in by a key without a credential. */
export const BOUNDS_OF: Readonly<Record<Fact, readonly Bound[]>> = {
  pods: BOUNDS,
  services: BOUNDS,
  policies: BOUNDS,
  keys: ['credential'],
}

/** A fact that is older than a bound. */
export type Stale = { readonly fact: Fact; readonly bound: Bound }

/** Whether a fact is younger than a bound. */
export type IsFresh = (fact: Fact, bound: Bound) => boolean

type Basis = { readonly bound: Bound; readonly facts: readonly Fact[] }

const OPEN: Basis = { bound: 'open', facts: ['services', 'policies'] }
const CREDENTIAL: Basis = { bound: 'credential', facts: ['services', 'policies'] }

/** What lets a caller in, beside the target. */
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
  readonly request: Pick<AccessRequest, 'destination'>
  readonly target: Pick<Target, 'workload'>
  readonly note: Note | undefined
}

/** An allow counts only while the facts behind it are fresh; a denial always does. */
export function whileFresh(
  decision: Decision,
  { request, target, note }: Case,
  isFresh: IsFresh,
): Decision {
  if (decision.outcome === 'deny') return decision
  const kind = decision.caller?.kind
  const { bound, facts } = kind === undefined ? OPEN : BASES[kind]
  const atStaleAddress =
    target.workload !== undefined && !isFresh('pods', boundOfAddress(bound, request))
  const stale = atStaleAddress ? 'pods' : facts.find((fact) => !isFresh(fact, bound))
  if (stale === undefined) return decision
  note?.(`not allowed: what is known of ${stale} is too old`)
  return deny(REASONS[stale])
}

/**
 * An address that has passed to the pod of another service would let in the callers of the former one. The
 * certificate of the pod, which agrees with what is known of it, rules that out for all other ServiceAccounts.
 */
const boundOfAddress = (
  bound: Bound,
  { destination }: Pick<AccessRequest, 'destination'>,
): Bound => (destination.principal === undefined ? 'open' : bound)
