import { SMALL } from './scenario.ts'
import { LARGE } from './scenarios.ts'
import type { World } from './world.ts'

/** The worlds in which `make bench` measures memory. */
export const BENCH_MEMORY: readonly World[] = [
  { ...SMALL, name: '10 keys' },
  { ...SMALL, name: '1,000 services, 10 keys', services: 1_000 },
  { ...LARGE, name: '1,000 services, 10,000 keys' },
  { ...LARGE, name: '1,000 services, 100,000 keys', keys: 100_000 },
]

/** All worlds in which memory is measured. */
export const MEMORY_WORLDS: readonly World[] = [
  ...BENCH_MEMORY,
  { ...LARGE, name: '10,000 services, 10,000 keys', services: 10_000 },
]
