import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createRbacGeneration } from '../../../src/kubernetes/reviews/rbac-generation.ts'

const listed = (key: string) => ({ key, version: '1', content: {} })

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

describe('changes of Roles and bindings', () => {
  it('affect their namespace only, and those of the cluster every namespace', () => {
    const { handler, generation } = createRbacGeneration(() => true)
    const counts = () => ['team', 'other'].map(generation)
    handler.put(listed('team/binding'))
    expect(counts()).toEqual([1, 0])
    handler.remove('team/binding')
    expect(counts()).toEqual([2, 0])
    handler.put(listed('/admins'))
    expect(counts()).toEqual([3, 1])
  })

  it('have the age of the last one that affects a namespace', () => {
    const { handler, age } = createRbacGeneration(() => true)
    expect(age('team')).toBe(Number.POSITIVE_INFINITY)
    handler.put(listed('team/binding'))
    vi.advanceTimersByTime(100)
    expect([age('team'), age('other')]).toEqual([100, Number.POSITIVE_INFINITY])
    handler.put(listed('/admins'))
    vi.advanceTimersByTime(5)
    expect([age('team'), age('other')]).toEqual([5, 5])
  })

  it('of very many namespaces sometimes affect every one, and no generation goes back', () => {
    const { handler, generation, age } = createRbacGeneration(() => true)
    const team = () => generation('team')
    handler.put(listed('team/binding'))
    handler.put(listed('/admins'))
    let [before, joined] = [team(), 0]
    for (let index = 0; index < 25_000; index += 1) {
      vi.advanceTimersByTime(1)
      const namespace = `n${index}`
      const own = generation(namespace)
      handler.put(listed(`${namespace}/binding`))
      expect(generation(namespace)).toBeGreaterThan(own)
      expect(age(namespace)).toBe(0)
      expect(team()).toBeGreaterThanOrEqual(before)
      before = team()
      if (age('team') <= 1) joined += 1
    }
    expect(joined).toBe(1 + 2)
  })

  it('are not counted during the first list of the cluster', () => {
    let settled = false
    const { handler, age, generation } = createRbacGeneration(() => settled)
    handler.put(listed('team/binding'))
    expect([age('team'), generation('team')]).toEqual([Number.POSITIVE_INFINITY, 1])
    settled = true
    handler.put(listed('team/another'))
    expect(age('team')).toBe(0)
  })
})
