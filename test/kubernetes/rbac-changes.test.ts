import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createRbacChanges } from '../../src/kubernetes/rbac-changes.ts'

const listed = (key: string) => ({ key, version: '1', content: {} })

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

describe('changes of Roles and bindings', () => {
  it('touch their namespace only, those of the cluster every one', () => {
    const { keeper, count } = createRbacChanges(() => true)
    const counts = () => ['team', 'other'].map(count)
    keeper.put(listed('team/binding'))
    expect(counts()).toEqual([1, 0])
    keeper.remove('team/binding')
    expect(counts()).toEqual([2, 0])
    keeper.put(listed('/admins'))
    expect(counts()).toEqual([3, 1])
  })

  it('have the age of the last that touches a namespace', () => {
    const { keeper, age } = createRbacChanges(() => true)
    expect(age('team')).toBe(Number.POSITIVE_INFINITY)
    keeper.put(listed('team/binding'))
    vi.advanceTimersByTime(100)
    expect([age('team'), age('other')]).toEqual([100, Number.POSITIVE_INFINITY])
    keeper.put(listed('/admins'))
    vi.advanceTimersByTime(5)
    expect([age('team'), age('other')]).toEqual([5, 5])
  })

  it('of very many namespaces touch every one now and then, and no count goes back', () => {
    const { keeper, count, age } = createRbacChanges(() => true)
    const team = () => count('team')
    keeper.put(listed('team/binding'))
    keeper.put(listed('/admins'))
    let [before, joined] = [team(), 0]
    for (let index = 0; index < 25_000; index += 1) {
      vi.advanceTimersByTime(1)
      const namespace = `n${index}`
      const own = count(namespace)
      keeper.put(listed(`${namespace}/binding`))
      expect(count(namespace)).toBeGreaterThan(own)
      expect(age(namespace)).toBe(0)
      expect(team()).toBeGreaterThanOrEqual(before)
      before = team()
      if (age('team') <= 1) joined += 1
    }
    expect(joined).toBe(1 + 2)
  })

  it('are none as long as the cluster is read for the first time', () => {
    let settled = false
    const { keeper, age, count } = createRbacChanges(() => settled)
    keeper.put(listed('team/binding'))
    expect([age('team'), count('team')]).toEqual([Number.POSITIVE_INFINITY, 1])
    settled = true
    keeper.put(listed('team/another'))
    expect(age('team')).toBe(0)
  })
})
