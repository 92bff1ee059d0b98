// Says what a change of a service's protection means to its owner, and how serious it is.

import {
  PROTECTION_STATES,
  type ProtectionState,
  type ProtectionStatus,
} from './protection-status.ts'

type Change = {
  /** In upper camel case, like the reason of a Kubernetes event. */
  readonly reason: string
  readonly message: string
  readonly level: 'info' | 'warn'
}

type Meaning = { readonly reason: string; readonly says: string; readonly admits: Admitted }

/** The callers that may be let in. */
type Admitted = 'nobody' | 'permitted' | 'everybody'

/** A state without an entry does not compile. */
const MEANINGS: Readonly<Record<ProtectionState, Meaning>> = {
  open: { reason: 'ServiceOpened', says: 'open: everybody may call it', admits: 'everybody' },
  shadow: {
    reason: 'ServiceInShadow',
    says: 'in shadow: everybody may call it',
    admits: 'everybody',
  },
  protected: {
    reason: 'ServiceProtected',
    says: 'protected: callers need a credential and permission',
    admits: 'permitted',
  },
  closed: { reason: 'ServiceClosed', says: 'closed: nobody may call it', admits: 'nobody' },
  lost: { reason: 'ServiceLost', says: 'lost: nobody may call it', admits: 'nobody' },
}

/**
 * Describes a change. Opening a service is a warning, and so is any state in which nobody may call it;
 * protecting it is not. `before`: `undefined` for a new service, which is a warning only if nobody may call it.
 */
export function describeChange(
  before: ProtectionState | undefined,
  { protection, why }: ProtectionStatus,
): Change {
  const { reason, says, admits } = MEANINGS[protection]
  const opened = before !== undefined && MEANINGS[before].admits !== 'everybody'
  const isWarning = admits === 'nobody' || (admits === 'everybody' && opened)
  const was = before === undefined ? 'a new service' : `before: ${before}`
  return { reason, message: `${says} (${why}; ${was})`, level: isWarning ? 'warn' : 'info' }
}

/** Counts services by their protection. */
export function describeCounts(
  states: readonly ProtectionState[],
  what: string,
): Pick<Change, 'reason' | 'message'> {
  const counts = PROTECTION_STATES.flatMap((state) => {
    const count = states.filter((each) => each === state).length
    return count === 0 ? [] : [`${count} ${state}`]
  })
  const parts = [`${states.length} ${what}`, counts.join(', ')].filter((part) => part !== '')
  return { reason: 'Protection', message: parts.join(': ') }
}
