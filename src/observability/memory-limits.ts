// The metric of the memory that the process may use.

import { totalmem } from 'node:os'
import { getHeapStatistics } from 'node:v8'
import { Gauge, type Registry } from 'prom-client'

/** The limits of memory, in bytes. */
export type MemoryLimits = {
  /** Of the container; 0 or more than the machine has: there is none. */
  readonly constrained: number
  readonly machine: number
  readonly heap: number
}

const limitsNow = (): MemoryLimits => ({
  constrained: process.constrainedMemory(),
  machine: totalmem(),
  heap: getHeapStatistics().heap_size_limit,
})

/** The process ends when it exceeds either limit. */
export function measureMemoryLimits(registry: Registry, limits: () => MemoryLimits = limitsNow) {
  const gauge: Gauge<'memory'> = new Gauge({
    name: 'kserve_authz_memory_limit_bytes',
    help: 'The most memory that the process may use: resident, by its container or machine, and in the heap of JavaScript.',
    labelNames: ['memory'],
    registers: [registry],
    collect: () => {
      const { constrained, machine, heap } = limits()
      const resident = constrained > 0 ? Math.min(constrained, machine) : machine
      gauge.set({ memory: 'resident' }, resident)
      gauge.set({ memory: 'heap' }, heap)
    },
  })
}
