import { describe, expect, it } from 'vitest'
import { createInFlight } from '../../src/tokens/in-flight.ts'

/** Calls that last until they are ended, by key. */
function calls(limits = { inAll: 4, perTenant: 2 }) {
  const underWay = createInFlight<string>(limits)
  const ends = new Map<string, () => void>()
  const join = (key: string, tenant: string) =>
    underWay.join(key, tenant, () => new Promise((resolve) => ends.set(key, () => resolve(key))))
  return { join, end: (key: string) => ends.get(key)?.() }
}

describe('calls in flight', () => {
  it('are started once for the same key, and again after they have ended', async () => {
    const { join, end } = calls()
    const first = join('a', 'team')
    expect(join('a', 'other')).toBe(first)
    end('a')
    expect(await first).toBe('a')
    expect(join('a', 'team')).not.toBe(first)
  })

  it('are refused for a tenant with too many, and not for another', async () => {
    const { join, end } = calls()
    const [first] = [join('a', 'team'), join('b', 'team')]
    expect(join('c', 'team')).toBeUndefined()
    expect(join('d', 'other')).toBeDefined()
    end('a')
    await first
    expect(join('c', 'team')).toBeDefined()
  })

  it('are refused for everybody if there are too many in total', () => {
    const { join } = calls({ inAll: 2, perTenant: 2 })
    for (const tenant of ['one', 'two']) expect(join(tenant, tenant)).toBeDefined()
    expect(join('c', 'three')).toBeUndefined()
    expect(join('one', 'three')).toBeDefined()
  })
})
