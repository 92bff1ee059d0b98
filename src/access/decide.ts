// The policy: a pure function from the facts of a target to a decision.

import type { Authentication } from './authentication.ts'
import { type Caller, hasCredential } from './caller.ts'
import { allow, type Decision, deny, OPEN } from './decision.ts'
import type { RulesVerdict } from './effective-policy.ts'
import { reasonOf } from './refusal-meaning.ts'
import type { Protection } from './service.ts'
import type { TokenRefusal } from './token-refusal.ts'

/** Everything the answer for one target depends on. */
export type Facts = {
  readonly protection: Protection
  /** An excluded path, or a CORS preflight if these are allowed. */
  readonly exempt: boolean
  /** `ambiguous-path`: rules match the path, and it is not canonical. */
  readonly policies: 'readable' | 'invalid' | 'ambiguous-path'
  /** The calling component of the same service, if any; `denied`: by a rule. */
  readonly ownComponent: Caller | 'denied' | undefined
  readonly credential: 'none' | 'malformed' | 'too-long' | 'ambiguous' | Authentication
  /** The verdict of the policies' rules. */
  readonly rules: RulesVerdict
  /** Whether rules deny the caller only because its token leaves out groups. */
  readonly forGroups: boolean
  /** Decides if no policy has allow rules. The scope of a key applies in any case. */
  readonly permission: Permission
}

/**
 * Whether a known caller may call. `foreign`: the key does not cover the service. `no-user`: the token
 * names no user. `unavailable`: the answer is not known. `overloaded`: the look-up was shed.
 */
export type Permission = 'yes' | 'no' | 'foreign' | 'no-user' | 'unavailable' | 'overloaded'

/** Whether the caller certainly lacks the permission. */
export const REFUSES: Readonly<Record<Permission, boolean>> = {
  yes: false,
  no: true,
  foreign: true,
  'no-user': true,
  unavailable: false,
  overloaded: false,
}

/** The whole policy. Pure: equal facts give equal decisions. */
export function decide(facts: Facts): Decision {
  switch (facts.protection) {
    case 'lost':
      return deny('unknown-target')
    case 'open':
      return OPEN
    case 'protected':
      return facts.exempt ? OPEN : decideByPolicies(facts)
  }
}

function decideByPolicies(facts: Facts): Decision {
  switch (facts.policies) {
    case 'invalid':
      return deny('policy-invalid')
    case 'ambiguous-path':
      return deny('unsupported-request')
    case 'readable':
      return decideByCaller(facts)
  }
}

/**
 * A credential that a component forwards names the user. Without a valid one the component itself is the
 * caller. Deny rules apply to both.
 */
function decideByCaller(facts: Facts): Decision {
  const { ownComponent, credential, rules } = facts
  const decision = decideByCredential(facts)
  if (decision.outcome === 'allow' || ownComponent === undefined || rules === 'denied') {
    return decision
  }
  if (ownComponent !== 'denied') return allow(ownComponent)
  return credential === 'none' ? deny('denied-by-rule') : decision
}

function decideByCredential({ credential, rules, forGroups, permission }: Facts): Decision {
  if (credential === 'none') return deny('missing-credential')
  if (credential === 'malformed') return deny('malformed-credential')
  if (credential === 'too-long') return deny('credential-too-long')
  if (credential === 'ambiguous') return deny('ambiguous-credential')
  if (credential.kind === 'rejected') return deny(credential.reason, credential.refusal)
  if (permission === 'foreign') return deny('key-not-for-service')
  switch (rules) {
    case 'denied':
      return deny(forGroups ? 'groups-unknown' : 'denied-by-rule')
    case 'refused':
      return forGroups ? deny('groups-unknown') : notPermitted(credential.caller)
    case 'allowed':
      return allow(credential.caller)
    case 'silent':
      return decideByPermission(credential.caller, permission)
  }
}

function decideByPermission(caller: Caller, permission: Exclude<Permission, 'foreign'>): Decision {
  switch (permission) {
    case 'yes':
      return allow(caller)
    case 'no':
      return caller.inRbac && caller.moreGroups === true
        ? deny('groups-unknown')
        : notPermitted(caller)
    case 'no-user':
      return deniedWithoutUser(caller)
    case 'unavailable':
      return deny('authorization-unavailable')
    case 'overloaded':
      return deny('overloaded')
  }
}

/** A caller without a credential may retry with one. */
const notPermitted = (caller: Caller): Decision =>
  deny(hasCredential(caller) ? 'not-permitted' : 'missing-credential')

function deniedWithoutUser({ provider, userClaim }: Caller): Decision {
  const refusal: TokenRefusal = {
    cause: 'no-user',
    ...(userClaim === undefined ? {} : { claim: userClaim }),
    ...(provider === undefined ? {} : { provider }),
  }
  return deny(reasonOf(refusal), refusal)
}
