import type { QueueKey, Verifications } from '../src/access/queue-key.ts'

/** The only queue key of a tenant with that name. */
export const queueKeyFor = (tenant: string): QueueKey => ({ tenant, name: 'line' })

/** Nothing waits. */
export const atOnce: Verifications = { inTurn: (_line, work) => work(), shed: () => {} }
