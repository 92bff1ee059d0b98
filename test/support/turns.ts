import type { Line, TakeTurn } from '../../src/access/turns.ts'

/** The only line of a tenant of that name. */
export const lineFor = (tenant: string): Line => ({ tenant, name: 'line' })

/** Nothing waits. */
export const atOnce: TakeTurn = (_line, work) => work()
