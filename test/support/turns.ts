import type { Line, Verifications } from '../../src/access/turns.ts'

/** The only line of a tenant of that name. */
export const lineFor = (tenant: string): Line => ({ tenant, name: 'line' })

/** Nothing waits. */
export const atOnce: Verifications = { inTurn: (_line, work) => work(), shed: () => {} }
