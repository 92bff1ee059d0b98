import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createRbacGeneration } from '../../../src/kubernetes/reviews/rbac-generation.ts'

const listed = (key: string) => ({ key, version: '1', content: {} })

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

describe('changes of Roles and bindings', () => {
  it('touch their namespace only, those of the cluster every one', () => {
    const { handler, generation } = createRbacGeneration(() => true)
    const counts = () => ['team', 'other'].map(generation)
    handler.put(listed('team/binding'))
    expect(counts()).toEqual([1, 0])
    handler.remove('team/binding')
    expect(counts()).toEqual([2, 0])
    handler.put(listed('/admins'))
    expect(counts()).toEqual([3, 1])
  })

  it('have the age of the last that touches a namespace', () => {
    const { handler, age } = createRbacGeneration(() => true)
    expect(age('team')).toBe(Number.POSITIVE_INFINITY)
    handler.put(listed('team/binding'))
    vi.advanceTimersByTime(100)
    expect([age('team'), age('other')]).toEqual([100, Number.POSITIVE_INFINITY])
    handler.put(listed('/admins'))
    vi.advanceTimersByTime(5)
    expect([age('team'), age('other')]).toEqual([5, 5])
  })

  it('of very many namespaces touch every one now and then, and no count goes back', () => {
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

  it('are none as long as the cluster is read for the first time', () => {
    let settled = false
    const { handler, age, generation } = createRbacGeneration(() => settled)
    handler.put(listed('team/binding'))
    expect([age('team'), generation('team')]).toEqual([Number.POSITIVE_INFINITY, 1])
    settled = true
    handler.put(listed('team/another'))
    expect(age('team')).toBe(0)
  })
})
