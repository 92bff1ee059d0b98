import { describe, expect, it } from 'vitest'
import { casesOf, someOf } from '../../testing/cases.ts'
import { policyOf } from '../../testing/policies/policies.ts'
import { type Chance, createChance, createGenerator, type PolicySpec } from './policies/generate.ts'
import { anAsked, answerOf, deciding, PATHS, PLAIN, SERVICES, verdictOf } from './policies/world.ts'

describe('policies, whatever else they contain', () => {
  /** The number of requests that are allowed only before, or only after, a change. */
  function compare(change: MakeChange, paths: typeof PATHS) {
    const chance = createChance(7)
    const { policy } = createGenerator(chance)
    const counts = { same: 0, less: 0, more: 0 }
    for (let world = 0; world < casesOf(5_000); world += 1) {
      const service = chance.pick(SERVICES)
      const specs = [policy(), ...chance.some(2, policy)]
      const changed = change(specs, chance)
      if (changed === undefined) continue
      const before = deciding({ service, policies: (changed.before ?? specs).map(read) })
      const after = deciding({ service, policies: changed.after.map(read) })
      for (let turn = 0; turn < 10; turn += 1) {
        const { request } = anAsked(chance, paths)
        const [old, now] = [before, after].map((each) => verdictOf(answerOf(each, request)))
        if (old === now || (old !== 'allow' && now !== 'allow')) counts.same += 1
        else counts[now === 'allow' ? 'more' : 'less'] += 1
      }
    }
    return counts
  }
  type MakeChange = (specs: readonly PolicySpec[], chance: Chance) => Change | undefined
  type Change = { readonly before?: readonly PolicySpec[]; readonly after: readonly unknown[] }
  const read = (spec: unknown, index: number) => policyOf(spec, `policy-${index}`)

  it.each<[title: string, change: MakeChange, paths?: typeof PATHS]>([
    [
      'never allow more with an additional deny rule',
      ([first, ...others], chance) => {
        const deny = [...(first?.deny ?? []), createGenerator(chance).rule()]
        return { after: [{ ...first, deny }, ...others] }
      },
    ],
    [
      // If no rule depends on paths any more, paths that are not canonical are accepted again.
      'never allow more without an allow rule, even the last, on canonical paths',
      (specs, { below }) => {
        const at = specs.findIndex(({ allow = [] }) => allow.length > 0)
        const { allow = [] } = specs[at] ?? {}
        const gone = below(allow.length)
        return at < 0
          ? undefined
          : { after: specs.with(at, { ...specs[at], allow: allow.filter((_, i) => i !== gone) }) }
      },
      PLAIN,
    ],
    [
      'never allow more without an allow rule, on any path while others depend on it',
      (specs, { below }) => {
        const at = specs.findIndex(({ allow = [] }) => allow.length > 0)
        const { allow = [] } = specs[at] ?? {}
        const gone = below(allow.length)
        const without = { ...specs[at], allow: allow.filter((_, i) => i !== gone) }
        return at < 0
          ? undefined
          : { before: [...specs, ASKING], after: [...specs.with(at, without), ASKING] }
      },
    ],
    [
      'never allow more with an additional policy that has allow rules',
      (specs, chance) => {
        const said = [...specs, { allow: [createGenerator(chance).rule()] }]
        return { before: said, after: [...said, createGenerator(chance).policy()] }
      },
    ],
    [
      'never allow more with an unreadable rule',
      ([first, ...others], chance) => {
        const list = chance.pick(['deny', 'allow'] as const)
        const rules = [...(first?.[list] ?? []), chance.pick(UNREADABLE)]
        return { after: [{ ...first, [list]: rules }, ...others] }
      },
    ],
  ])('%s', (_title, change, paths = PATHS) => {
    const { same, less, more } = compare(change, paths)
    expect(more).toBe(0)
    expect(less).toBeGreaterThan(someOf(500))
    expect(same).toBeGreaterThan(someOf(500))
  })

  it('give the same answer in any order of policies and rules', () => {
    const chance = createChance(11)
    const { policy } = createGenerator(chance)
    for (let world = 0; world < casesOf(5_000); world += 1) {
      const service = chance.pick(SERVICES)
      const specs = [policy(), policy(), ...chance.some(2, policy)]
      const turned = specs.map(turnedRound).reverse()
      const [one, other] = [specs, turned].map((each) =>
        deciding({ service, policies: each.map((spec) => policyOf(spec)) }),
      )
      if (one === undefined || other === undefined) throw new Error('both')
      for (let turn = 0; turn < 10; turn += 1) {
        const { request } = anAsked(chance)
        const [now, old] = [other, one].map((each) => answerOf(each, request))
        expect(now?.decision).toEqual(old?.decision)
      }
    }
  })
})

/** Accepts the credentials that others accept, denies nobody, and depends on the path. */
const ASKING: PolicySpec = {
  authentication: {
    kubernetes: {},
    apiKeys: {},
    jwt: [{ provider: 'keycloak' }, { provider: 'dex' }],
    mesh: {},
    anonymous: {},
  },
  deny: [{ from: [], to: [{ paths: ['/never'] }] }],
}

const UNREADABLE: readonly [unknown, ...unknown[]] = [
  null,
  'everybody',
  { from: null },
  { from: [{ users: null }] },
  { from: [{ user: ['ada'] }] },
  { from: [{ serviceAccounts: ['reader'] }] },
  { from: [{ principals: ['spiffe://cluster.local/ns/a/sa/x'] }] },
  { to: [{ paths: ['*'] }] },
  { to: [{ methods: ['get'] }] },
  { when: [] },
]

/** Reverses every list in it. */
const turnedRound = (spec: PolicySpec): PolicySpec => ({
  ...spec,
  ...(spec.deny && { deny: spec.deny.toReversed() }),
  ...(spec.allow && { allow: spec.allow.toReversed() }),
  ...(spec.exclusions && { exclusions: spec.exclusions.toReversed() }),
  ...(spec.authentication?.jwt && {
    authentication: { ...spec.authentication, jwt: spec.authentication.jwt.toReversed() },
  }),
})
