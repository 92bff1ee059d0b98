// Tells decisions about what could not be seen from others.

import { UnseenError } from './exit-codes.ts'
import type { Explanation } from './explanation.ts'
import type { LookFlags } from './flags.ts'
import type { Look } from './look.ts'

/** Denials of which another look, at what could not be read, might be an allow. */
const UNSEEN_REASONS: ReadonlySet<string> = new Set([
  'authentication-unavailable',
  'authorization-unavailable',
  'not-synced',
  'overloaded',
])

/** Whether a denial with this reason only says that something could not be read. */
export const isUnseen = (reason: string): boolean => UNSEEN_REASONS.has(reason)

/** Of a namespace that was looked at alone. */
export const lookedAt = ({ namespace }: Pick<LookFlags, 'namespace'>): readonly string[] =>
  namespace === undefined ? [] : [`looked at: namespace ${namespace} only`]

/** Throws in place of a decision about what could not be read: elsewhere, a host may be known. */
export function refuseUnseen(
  flags: Pick<LookFlags, 'namespace'>,
  { reason, steps }: Pick<Explanation, 'reason' | 'steps'>,
  seen: Pick<Look, 'troubles' | 'unread'>,
) {
  const elsewhere = flags.namespace !== undefined && reason === 'unknown-target'
  if (isUnseen(reason) || elsewhere)
    throw cannotDecide(reason, seen, { told: lookedAt(flags), steps })
}

/** In place of a decision: what could not be read, after `told`; `steps` if nothing is known of it. */
export function cannotDecide(
  reason: string,
  { troubles, unread }: Pick<Look, 'troubles' | 'unread'>,
  { told = [], steps = [] }: { told?: readonly string[]; steps?: readonly string[] } = {},
): UnseenError {
  const all = [...told, ...troubles(), ...unread]
  return new UnseenError(`cannot decide, ${reason}`, all.length > 0 ? [...new Set(all)] : steps)
}
