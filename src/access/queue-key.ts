// The keys by which expensive work is queued fairly.

import type { QueueKey, TakeTurn } from '../common/fair-queue.ts'
import { idOf, type ServiceRef } from './service.ts'

export type { QueueKey } from '../common/fair-queue.ts'

/** Verification of signatures, the most expensive part of a check. */
export type Verifications = {
  readonly inTurn: TakeTurn
  /** Called for a verification that is shed before it is queued. */
  readonly shed: () => void
}

/** A namespace is one tenant, whatever the number of its services. */
export const queueKeyOf = (service: ServiceRef): QueueKey => ({
  tenant: service.namespace,
  name: idOf(service),
})

/** A queue of its own, so that refreshes of cached entries do not wait behind new look-ups. */
export const refreshKeyOf = (service: ServiceRef): QueueKey => ({
  tenant: service.namespace,
  name: `${idOf(service)} refresh`,
})
