import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createOldestFirst, type Member, NOT_QUEUED } from '../../src/common/oldest-first.ts'
import { aMember, promotedBytes } from '../../testing/old-space.ts'

interface Named extends Member<Named> {
  readonly name: number
}

const named = (name: number): Named => ({ name, ...NOT_QUEUED })

/** Takes all members out, from the first on. */
function emptied(queue: ReturnType<typeof createOldestFirst<Named>>): readonly number[] {
  const names: number[] = []
  for (let first = queue.first(); first !== undefined; first = queue.first()) {
    names.push(first.name)
    queue.delete(first)
  }
  return names
}

describe('a queue', () => {
  it('holds the same members as a Set, in the same order', () => {
    const step = fc.tuple(fc.boolean(), fc.nat(9))
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const queue = createOldestFirst<Named>()
        const members = Array.from({ length: 10 }, (_, name) => named(name))
        const expected = new Set<number>()
        for (const [adds, name] of steps) {
          const member = members[name] ?? named(name)
          if (!adds) expect(queue.delete(member)).toBe(expected.delete(name))
          else if (!expected.has(name)) {
            queue.add(member)
            expected.add(name)
          }
          expect(queue.first()?.name).toBe([...expected][0])
        }
        expect(emptied(queue)).toEqual([...expected])
      }),
    )
  })

  it('does not take a member of another queue, nor removes it', () => {
    const [one, other] = [createOldestFirst<Named>(), createOldestFirst<Named>()]
    const member = named(1)
    one.add(member)
    expect(() => other.add(member)).toThrow('two queues')
    expect(other.delete(member)).toBe(false)
    expect(emptied(one)).toEqual([1])
    other.add(member)
    expect(emptied(other)).toEqual([1])
  })

  it('promotes no member that has left to the old generation, as a Set does', () => {
    const queue = createOldestFirst<Member<Named> & Named>()
    const inQueue = promotedBytes(
      (name) => {
        const member = { ...aMember(), ...named(name) }
        queue.add(member)
        return member
      },
      (member) => queue.delete(member),
    )
    const set = new Set<object>()
    const inSet = promotedBytes(
      () => {
        const member = aMember()
        set.add(member)
        return member
      },
      (member) => set.delete(member),
    )
    expect(inSet).toBeGreaterThan(1_000_000)
    expect(inQueue).toBeLessThan(100_000)
  })
})
