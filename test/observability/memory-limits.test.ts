import { totalmem } from 'node:os'
import { Registry } from 'prom-client'
import { describe, expect, it } from 'vitest'
import { type MemoryLimits, measureMemoryLimits } from '../../src/observability/memory-limits.ts'

const GIB = 2 ** 30

const limitsOf = async (limits?: MemoryLimits) => {
  const registry = new Registry()
  measureMemoryLimits(registry, limits && (() => limits))
  const [metric] = await registry.getMetricsAsJSON()
  const values = metric?.values ?? []
  return Object.fromEntries(values.map(({ labels, value }) => [labels.memory, value]))
}

describe('the limits of memory', () => {
  it('are those of the container and of the heap', async () => {
    const limits = { constrained: GIB, machine: 8 * GIB, heap: GIB / 2 }
    expect(await limitsOf(limits)).toEqual({ resident: GIB, heap: GIB / 2 })
  })

  it.each([
    ['none', 0],
    ['none, as cgroup v1 says it', 2 ** 63],
  ])('are the memory of the machine if the container has %s', async (_, constrained) => {
    const limits = { constrained, machine: 8 * GIB, heap: GIB }
    expect(await limitsOf(limits)).toEqual({ resident: 8 * GIB, heap: GIB })
  })

  it('of this process are known', async () => {
    const { resident = 0, heap = 0 } = await limitsOf()
    expect(resident).toBeGreaterThan(0)
    expect(resident).toBeLessThanOrEqual(totalmem())
    expect(heap).toBeGreaterThan(0)
  })
})
