import type { Authentication } from './authentication.ts'
import type { Caller } from './caller.ts'
import { allow, type Decision, deny, OPEN } from './decision.ts'
import type { Protection } from './service.ts'

/** All that the answer for one target depends on. */
export type Facts = {
  readonly protection: Protection
  /** An excluded path, or a CORS preflight where those are let through. */
  readonly exempt: boolean
  /** The part of the same service that is calling, if one is. */
  readonly ownComponent: Caller | undefined
  readonly credential: 'none' | 'malformed' | 'ambiguous' | Authentication
  readonly permission: Permission
}

/**
 * Whether a known caller may call: `foreign` to a key's scope, `unavailable` when nobody can tell,
 * `overloaded` when too much is asked already.
 */
export type Permission = 'yes' | 'no' | 'foreign' | 'unavailable' | 'overloaded'

/** The whole policy. Pure: equal facts give equal decisions. */
export function decide(facts: Facts): Decision {
  switch (facts.protection) {
    case 'lost':
      return deny('unknown-target')
    case 'open':
      return OPEN
    case 'protected':
      return facts.exempt ? OPEN : decideByCaller(facts)
  }
}

/** A credential that a component passes on names the user; without a good one the component itself is the caller. */
function decideByCaller({ ownComponent, credential, permission }: Facts): Decision {
  const decision = decideByCredential(credential, permission)
  return decision.outcome === 'deny' && ownComponent !== undefined ? allow(ownComponent) : decision
}

function decideByCredential(credential: Facts['credential'], permission: Permission): Decision {
  if (credential === 'none') return deny('missing-credential')
  if (credential === 'malformed') return deny('malformed-credential')
  if (credential === 'ambiguous') return deny('ambiguous-credential')
  if (credential.kind === 'rejected') return deny(credential.reason)
  switch (permission) {
    case 'yes':
      return allow(credential.caller)
    case 'no':
      return deny('not-permitted')
    case 'foreign':
      return deny('key-not-for-service')
    case 'unavailable':
      return deny('authorization-unavailable')
    case 'overloaded':
      return deny('overloaded')
  }
}
