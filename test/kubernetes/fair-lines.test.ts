import { describe, expect, it } from 'vitest'
import { createFairLines } from '../../src/kubernetes/fair-lines.ts'

const filled = (max: number, things: readonly (readonly [tenant: string, thing: string])[]) => {
  const { add, next } = createFairLines<string>(max)
  for (const [tenant, thing] of things) add(tenant, thing)
  const taken: string[] = []
  for (let thing = next(); thing !== undefined; thing = next()) taken.push(thing)
  return taken
}
const ofEvil = (count: number) =>
  Array.from({ length: count }, (_, index) => ['evil', `e${index}`] as const)

describe('fair lines', () => {
  it('give each tenant its turn', () => {
    const things = [...ofEvil(3), ['team', 't0'], ['team', 't1']] as const
    expect(filled(10, things)).toEqual(['e0', 't0', 'e1', 't1', 'e2'])
  })

  it('once full, take a thing of another tenant for the last one of the longest line', () => {
    const things = [...ofEvil(100), ['team', 't0'], ['team', 't1'], ['other', 'o0']] as const
    expect(filled(5, things)).toEqual(['e0', 't0', 'o0', 'e1', 't1'])
  })

  it('hold no more than they may, and empty lines not at all', () => {
    const { add, next } = createFairLines<number>(50)
    for (let tenant = 0; tenant < 1_000; tenant += 1) add(`t${tenant}`, tenant)
    let count = 0
    while (next() !== undefined) count += 1
    expect(count).toBe(50)
    add('t', 1)
    expect([next(), next()]).toEqual([1, undefined])
  })
})
