import fc from 'fast-check'
import { describe, expect, it, vi } from 'vitest'
import type { Caller } from '../../src/access/caller.ts'
import { matchRule, type Rule } from '../../src/access/rule.ts'
import { matchesOneOf } from '../../src/access/rule-hints.ts'
import { aCaller } from '../../testing/builders.ts'

const GET = { method: 'GET', path: '/v1/models' }
const POST = { method: 'POST', path: '/v2/models/iris/infer' }

const teamOf = (number: number): string => `team-${number}`
const memberOf = (...groups: readonly string[]): Caller =>
  aCaller({ groups, reference: groups.join('+') })

/** Rules for a team each, and how often each was looked at. */
function rulesForTeams(count: number) {
  const looks = vi.fn<(number: number) => void>()
  const rules = Array.from(
    { length: count },
    (_, number): Rule => ({
      get from() {
        looks(number)
        return [{ groups: [teamOf(number)] }]
      },
      to: undefined,
    }),
  )
  const lookedAt = (): readonly number[] => {
    const numbers = looks.mock.calls.map(([number]) => number)
    looks.mockClear()
    return numbers
  }
  return { rules, lookedAt }
}

describe('allow rules', () => {
  it('are not searched again for a caller that one of them allowed', () => {
    const { rules, lookedAt } = rulesForTeams(100)
    expect(matchesOneOf(rules, 'a/searched', memberOf('team-70'), POST)).toBe(true)
    expect(lookedAt()).toHaveLength(71)
    expect(matchesOneOf(rules, 'a/searched', memberOf('team-70'), GET)).toBe(true)
    expect(lookedAt()).toEqual([70])
  })

  it('are remembered for each caller and each policy', () => {
    const { rules, lookedAt } = rulesForTeams(10)
    const ask = (policy: string, team: string) => {
      matchesOneOf(rules, policy, memberOf(team), POST)
      return lookedAt().length
    }
    expect([ask('a/each', 'team-7'), ask('a/each', 'team-4'), ask('b/each', 'team-7')]).toEqual([
      8, 5, 8,
    ])
    expect([ask('a/each', 'team-7'), ask('a/each', 'team-4'), ask('b/each', 'team-7')]).toEqual([
      1, 1, 1,
    ])
  })

  it('refuse a caller whose rule is gone, and one that lost its group', () => {
    const { rules } = rulesForTeams(10)
    const ada = memberOf('team-7')
    expect(matchesOneOf(rules, 'a/gone', ada, POST)).toBe(true)
    expect(matchesOneOf(rules.slice(0, 7), 'a/gone', ada, POST)).toBe(false)
    expect(matchesOneOf(rules.toReversed(), 'a/gone', ada, POST)).toBe(true)
    expect(matchesOneOf(rules, 'a/gone', { ...ada, groups: ['team-99'] }, POST)).toBe(false)
  })

  it('decide alike whatever was asked before', () => {
    const groups = fc.constantFrom('a', 'b', 'c')
    const source = fc.record({ groups: fc.array(groups, { maxLength: 2 }) })
    const to = fc.option(fc.constant([{ methods: ['POST'] }]), { nil: undefined })
    const rule = fc.record({ from: fc.option(fc.array(source), { nil: undefined }), to })
    const question = fc.record({
      rules: fc.array(rule, { maxLength: 8 }),
      policy: fc.constantFrom('a/one', 'a/other'),
      caller: fc.record({
        groups: fc.array(groups, { maxLength: 2 }),
        moreGroups: fc.boolean(),
        reference: fc.constantFrom('ada', 'bob'),
      }),
      operation: fc.constantFrom(GET, POST),
    })
    fc.assert(
      fc.property(fc.array(question, { maxLength: 20 }), (questions) => {
        for (const { rules, policy, caller, operation } of questions) {
          const asking = aCaller(caller)
          expect(matchesOneOf(rules, policy, asking, operation)).toBe(
            rules.some((each) => matchRule(each, asking, operation)),
          )
        }
      }),
    )
  })
})
