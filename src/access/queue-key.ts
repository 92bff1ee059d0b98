import { idOf, type ServiceRef } from './service.ts'

/** Whose turn a work waits for: tenants take turns, and so do the lines of one tenant. */
export type QueueKey = { readonly tenant: string; readonly name: string }

/** Runs a work when it is its turn. `undefined`, at once or later: it would be too much, and is not begun. */
export type TakeTurn = <T>(
  queueKey: QueueKey,
  work: () => Promise<T>,
) => Promise<T | undefined> | undefined

/** Of signatures, which cost more than all else of a check. */
export type Verifications = {
  readonly inTurn: TakeTurn
  /** Told of a verification that is refused before it waits for its turn. */
  readonly shed: () => void
}

/** A namespace is one tenant, however many services it has. */
export const queueKeyOf = (service: ServiceRef): QueueKey => ({
  tenant: service.namespace,
  name: idOf(service),
})

/** Keeps what is in use from waiting behind what is new. */
export const refreshKeyOf = (service: ServiceRef): QueueKey => ({
  tenant: service.namespace,
  name: `${idOf(service)} refresh`,
})
