import { describe, expect, it } from 'vitest'
import { effectivePolicyOf } from '../../src/access/effective-policy.ts'
import { aService } from '../../testing/builders.ts'
import { policyOf, type Spec } from '../../testing/policies/policies.ts'

const effectivePolicy = (specs: readonly Spec[], service = aService({ protection: 'open' })) =>
  effectivePolicyOf(
    service,
    specs.map((spec) => policyOf(spec)),
  )
const accepting = (...audiences: string[]) => ({ authentication: { kubernetes: { audiences } } })
const excluding = (...exclusions: object[]) => ({ exclusions })
const heading = (headers: Readonly<Record<string, string>>) => ({
  headers: Object.fromEntries(Object.entries(headers).map(([name, claim]) => [name, { claim }])),
})

describe('the policies of a service', () => {
  it.each<[title: string, service: object, specs: readonly Spec[], protection: string]>([
    ['leave it open if there are none', { protection: 'open' }, [], 'open'],
    ['protect it', { protection: 'open' }, [{}], 'protected'],
    ['keep it open if its owner opened it', { protection: 'open', optedOut: true }, [{}], 'open'],
    ['do not affect a lost service', { protection: 'lost' }, [{}], 'lost'],
  ])('%s', (_title, service, specs, protection) => {
    expect(effectivePolicy(specs, aService(service)).protection).toBe(protection)
  })

  it.each<[title: string, specs: readonly Spec[], audiences: unknown]>([
    ['without any', [], [undefined]],
    ['that set no audiences', [{}, { authentication: {} }], [undefined]],
    ['of which one sets audiences', [{}, accepting('b', 'a')], [undefined, ['b', 'a']]],
    ['that all set audiences', [accepting('b'), accepting('a'), accepting('b')], [['a'], ['b']]],
    ['of which one accepts no token', [accepting()], [[]]],
  ])('%s want a token for audiences', (_title, specs, audiences) => {
    expect(effectivePolicy(specs).audiences).toEqual(audiences)
  })

  it('exclude only paths that all of them exclude', () => {
    const one = excluding({ path: '/a' }, { path: '/b', methods: ['GET'] }, { path: '/c' })
    const other = excluding({ path: '/b' }, { path: '/a', methods: ['HEAD'] })
    const both = [
      { path: '/a', methods: ['HEAD'] },
      { path: '/b', methods: ['GET'] },
    ]
    expect(effectivePolicy([one, other]).exclusions).toEqual(both)
    expect(effectivePolicy([one, other, {}]).exclusions).toEqual([])
    expect(effectivePolicy([one, { allow: null }]).exclusions).toEqual([])
    expect(effectivePolicy([one], aService({ kind: 'InferenceGraph' })).exclusions).toEqual([])
  })

  it('set the headers of each, except those on which they disagree', () => {
    const [one, other] = [heading({ 'x-a': 'a', 'x-b': 'b' }), heading({ 'x-b': 'c', 'x-c': 'c' })]
    const merged = { 'x-a': 'a', 'x-b': undefined, 'x-c': 'c' }
    expect(effectivePolicy([one, other]).claimHeaders).toEqual(merged)
    expect(effectivePolicy([other, one, one]).claimHeaders).toEqual(merged)
    expect(effectivePolicy([{}]).claimHeaders).toBeUndefined()
  })

  it('intersect their exclusions in linear time', () => {
    const paths = Array.from({ length: 400 }, (_, index) => ({
      path: `/p${index}`,
      methods: ['GET'],
    }))
    const policy = policyOf(excluding(...paths))
    let looks = 0
    const watched = (policy.terms?.exclusions ?? []).map((exclusion) => ({
      ...exclusion,
      get path() {
        looks += 1
        return exclusion.path
      },
    }))
    const terms = policy.terms && { ...policy.terms, exclusions: watched }
    const policies = Array.from({ length: 8 }, () => ({ ...policy, terms }))
    expect(effectivePolicyOf(aService(), policies).exclusions).toHaveLength(400)
    expect(looks).toBeLessThanOrEqual(3 * 400 * 8)
  })

  it('are not evaluated if they exceed the limit together', () => {
    const policies = Array.from({ length: 513 }, (_, index) => policyOf({}, `p${index}`))
    effectivePolicyOf(aService(), policies)
    const closed = policies.map((policy) =>
      Object.defineProperty(policy, 'name', { get: () => expect.unreachable() }),
    )
    expect(effectivePolicyOf(aService(), closed).invalid).toBeDefined()
  })
})
