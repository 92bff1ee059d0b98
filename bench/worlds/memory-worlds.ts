import { SMALL } from './scenario.ts'
import type { World } from './world.ts'

/** The worlds in which memory is measured. */
export const MEMORY_WORLDS: readonly World[] = [
  { ...SMALL, name: '10 keys' },
  { ...SMALL, name: '1,000 services', services: 1_000, keys: 10_000 },
  { ...SMALL, name: '10,000 services', services: 10_000, keys: 10_000 },
  { ...SMALL, name: '100,000 keys', services: 1_000, keys: 100_000 },
]
