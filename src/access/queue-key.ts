// The keys by which expensive work is queued fairly.

import { idOf, type ServiceRef } from './service.ts'

/** Where work queues: tenants take turns, and so do the queues of one tenant. */
export type QueueKey = { readonly tenant: string; readonly name: string }

/** Runs work when it is its turn. `undefined`, at once or later: the work was shed and never started. */
export type TakeTurn = <T>(
  queueKey: QueueKey,
  work: () => Promise<T>,
) => Promise<T | undefined> | undefined

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
