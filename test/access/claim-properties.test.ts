import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  effectivePolicyOf,
  judgeByRules,
  type RulesVerdict,
} from '../../src/access/effective-policy.ts'
import { mapCaller } from '../../src/tokens/caller-mapping.ts'
import { aService } from '../../testing/builders.ts'
import { casesOf, someOf } from '../../testing/cases.ts'
import { anyClaims, anyNumberText, anyPath, anyWanted } from '../../testing/policies/any-claims.ts'
import { policyOf, type Spec } from '../../testing/policies/policies.ts'
import { type Told, tellClaims } from './policies/claim-oracle.ts'

type Claims = Readonly<Record<string, unknown>>

const SERVICE = aService()
const RUNS = { numRuns: casesOf(20_000) }

function callerOf(claims: Claims, groups: string) {
  const prefix = 'idp:'
  const rbac = { username: { claim: 'sub', prefix }, groups: { claim: groups, prefix } }
  const provider = { name: 'idp', issuer: 'https://idp.example', rbac }
  const verified = mapCaller(provider, { ...claims, sub: 'ada' })
  if (verified.kind === 'refused') throw new Error(verified.reason)
  return verified.value
}

/** The result of one policy's rules for a token. */
const judge = (spec: Spec, claims: Claims, groups = 'groups'): RulesVerdict =>
  judgeByRules(effectivePolicyOf(SERVICE, [policyOf(spec)]), callerOf(claims, groups), {
    method: 'GET',
    path: '/',
  })

/** The result of one source of a rule under `deny`, and under `allow`. */
function told(source: object, claims: Claims, groups?: string): Told | 'both' {
  const rules = [{ from: [source] }]
  const isDenied = judge({ deny: rules }, claims, groups) === 'denied'
  const isAllowed = judge({ allow: rules }, claims, groups) === 'allowed'
  if (isDenied) return isAllowed ? 'yes' : 'cannot tell'
  return isAllowed ? 'both' : 'no'
}

const anySource = fc.oneof(
  anyWanted.map((claims) => ({ claims })),
  fc.constantFrom(
    { groups: ['idp:a'] },
    { groups: ['idp:1', 'idp:true'] },
    { groups: [] },
    { users: ['idp:ada'] },
    { groups: ['idp:b'], users: ['idp:ada'] },
    {},
  ),
)
const anyRule = fc.record({ from: fc.array(anySource, { maxLength: 2 }) })
const anyRules = fc.array(anyRule, { maxLength: 3 })
const anyPolicy = fc.record({
  deny: anyRules,
  allow: fc.option(anyRules, { nil: undefined }),
})
const isLetIn = (verdict: RulesVerdict) => verdict === 'allowed' || verdict === 'silent'

describe('claims of any JSON type', () => {
  it('are judged exactly as the documentation says', () => {
    const counts = { yes: 0, no: 0, 'cannot tell': 0 }
    fc.assert(
      fc.property(anyClaims, anyWanted, (claims, wanted) => {
        const expected = tellClaims(claims, wanted)
        counts[expected] += 1
        expect(told({ claims: wanted }, claims)).toBe(expected)
      }),
      RUNS,
    )
    expect(Math.min(...Object.values(counts))).toBeGreaterThan(someOf(500))
  })

  it('are not allowed more by an additional deny rule', () => {
    fc.assert(
      fc.property(anyClaims, anyPolicy, anyRule, anyPath, ({ ...claims }, spec, rule, groups) => {
        const before = isLetIn(judge(specOf(spec), claims, groups))
        const more = { ...spec, deny: [...spec.deny, rule] }
        expect(before || !isLetIn(judge(specOf(more), claims, groups))).toBe(true)
      }),
      RUNS,
    )
  })

  it('are not allowed more after an allow rule is removed', () => {
    fc.assert(
      fc.property(anyClaims, anyRules, anyRule, anyPath, (claims, allow, rule, groups) => {
        const before = isLetIn(judge({ allow: [...allow, rule] }, claims, groups))
        expect(before || !isLetIn(judge({ allow }, claims, groups))).toBe(true)
      }),
      RUNS,
    )
  })

  it('match an allow rule only if they match the same rule as a deny rule', () => {
    const counts = { yes: 0, no: 0, 'cannot tell': 0, both: 0 }
    fc.assert(
      fc.property(anyClaims, anySource, anyPath, (claims, source, groups) => {
        counts[told(source, claims, groups)] += 1
      }),
      RUNS,
    )
    const { both, ...others } = counts
    expect(both).toBe(0)
    expect(Math.min(...Object.values(others))).toBeGreaterThan(someOf(500))
  })

  it("match a deny rule by a number in the token's own spelling", () => {
    fc.assert(
      fc.property(anyNumberText, fc.boolean(), (number, isListed) => {
        const claims: Claims = JSON.parse(`{"id": ${isListed ? `[0.5, ${number}]` : number}}`)
        expect(told({ claims: { id: [number] } }, claims)).not.toBe('no')
      }),
      RUNS,
    )
  })

  it('match a deny rule as groups if they match it as claims', () => {
    const counts = { yes: 0, no: 0, 'cannot tell': 0, both: 0 }
    const anyText = fc.constantFrom('a', 'b', 'src1', 'true')
    fc.assert(
      fc.property(anyClaims, anyPath, anyText, (claims, at, text) => {
        const byClaim = told({ claims: { [at]: [text] } }, claims)
        counts[byClaim] += 1
        const byGroup = told({ groups: [`idp:${text}`] }, claims, at)
        // A number that is not exact has no text, but its groups are unknown.
        if (byClaim === 'no') expect(byGroup).not.toBe('yes')
        else expect(byGroup).toBe(byClaim)
      }),
      // Few of them are of the first kind.
      { numRuns: casesOf(60_000) },
    )
    expect(Math.min(counts.yes, counts.no, counts['cannot tell'])).toBeGreaterThan(someOf(30))
  })
})

/** Without `allow` if there is none. */
const specOf = ({ deny, allow }: { deny: unknown; allow: unknown }): Spec =>
  allow === undefined ? { deny } : { deny, allow }
