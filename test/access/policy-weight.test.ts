import { expect, it } from 'vitest'
import { effectivePolicyOf } from '../../src/access/effective-policy.ts'
import { holdsOneOf } from '../../src/access/membership.ts'
import {
  areTooMuch,
  entriesOf,
  MAX_POLICY_WEIGHT,
  weightOf,
} from '../../src/access/policy-weight.ts'
import { aService } from '../../testing/builders.ts'
import { policyOf, type Spec } from '../../testing/policies/policies.ts'

const termsOf = (spec: Spec) => {
  const { terms } = policyOf(spec)
  if (terms === undefined) throw new Error('terms')
  return terms
}
const users = (length: number) => ({ allow: [{ from: [{ users: Array(length).fill('a') }] }] })
const half = users(1_024)

it('every entry of a rule has weight, and so has every rule', () => {
  const source = {
    serviceAccounts: ['a/b'],
    users: ['a'],
    groups: ['a', 'b'],
    principals: ['a/ns/b/sa/c'],
    apiKeys: { matchLabels: { a: 'b' } },
    claims: { a: ['b', 'c'], 'd.e': ['f'] },
  }
  const operation = { methods: ['GET'], paths: ['/a', '/b'] }
  expect(entriesOf(termsOf({ deny: [{ from: [source], to: [operation] }], allow: [{}] }))).toBe(20)
  expect(entriesOf(termsOf({}))).toBe(0)
})

it('every other part of a policy has weight, and so has the policy itself', () => {
  const weigh = (spec: Spec) => weightOf(policyOf(spec)) - weightOf(policyOf({}))
  const target = { group: 'serving.kserve.io', kind: 'InferenceService', name: 'iris' }
  expect(weightOf(policyOf({}))).toBe(16)
  expect(weigh({ targetRefs: [target, { ...target, name: 'wine' }] })).toBe(2)
  expect(weigh({ exclusions: [{ path: '/a' }, { path: '/b', methods: ['GET'] }] })).toBe(5)
  expect(weigh({ headers: { 'x-a': { claim: 'a' }, 'x-b': { claim: 'b.c' } } })).toBe(6)
  expect(weigh({ authentication: { kubernetes: {}, apiKeys: {} } })).toBe(0)
  expect(weigh({ authentication: { kubernetes: { audiences: ['a', 'b'] } } })).toBe(514)
  expect(weigh({ authentication: { jwt: [{ provider: 'p', audiences: ['a'] }] } })).toBe(2)
  expect(weigh({ allow: [{ from: [{ users: ['a'.repeat(256)] }] }] })).toBe(5)
})

it('many policies without entries exceed the limit of a service', () => {
  const policies = Array.from({ length: 513 }, (_, index) => policyOf({}, `policy-${index}`))
  expect(areTooMuch(policies.slice(1))).toBe(false)
  expect(areTooMuch(policies)).toBe(true)
  expect(effectivePolicyOf(aService(), policies)).toMatchObject({
    protection: 'protected',
    terms: [],
  })
})

it('a policy with more entries than the limit is invalid', () => {
  const rule = { from: [{ users: Array(1_021).fill('a') }] }
  expect(policyOf({ allow: Array(4).fill(rule) }).terms).toBeDefined()
  expect(policyOf({ allow: [...Array(4).fill(rule), {}, {}, {}, {}, {}] }).terms).toBeUndefined()
  expect(MAX_POLICY_WEIGHT).toBe(4_096)
})

it('a service whose policies exceed the limit denies everybody, and one more policy does not change that', () => {
  const policies = Array.from({ length: 7 }, (_, index) => policyOf(half, `policy-${index}`))
  const { invalid } = effectivePolicyOf(aService(), policies)
  expect(invalid).toBeUndefined()
  const more = effectivePolicyOf(aService(), [...policies, policyOf(half, 'more')])
  expect(more.invalid).toBe('together they have too many entries')
  expect(areTooMuch([...policies, policyOf(half, 'more')])).toBe(true)
})

it.each([3, 15, 16, 17, 5_000])('a list of %i texts finds its own members', (length) => {
  const list = Array.from({ length }, (_, index) => `text-${index}`)
  for (const text of list.slice(0, 100)) expect(holdsOneOf(list, ['other', text])).toBe(true)
  expect(holdsOneOf(list, ['other', `text-${length}`])).toBe(false)
  expect(holdsOneOf(list, [])).toBe(false)
})

it('different lists are not confused, however many are looked up', () => {
  const lists = Array.from({ length: 40 }, (_, list) =>
    Array.from({ length: 20 }, (_, index) => `${list}-${index}`),
  )
  for (const [index, list] of [...lists, ...lists].entries()) {
    expect(holdsOneOf(list, [`${index % 40}-3`])).toBe(true)
    expect(holdsOneOf(list, [`${(index + 1) % 40}-3`])).toBe(false)
  }
})

it('claim names with many dots weigh as much as all keys that may be tried', () => {
  const spec = (steps: number) => ({ deny: [{ from: [{ claims: { [nameOf(steps)]: ['x'] } }] }] })
  expect(policyOf(spec(89)).terms).toBeDefined()
  expect(policyOf(spec(91)).terms).toBeUndefined()
  const long = { deny: [{ from: [{ claims: { ['a'.repeat(1_025)]: ['x'] } }] }] }
  expect(policyOf(long).terms).toBeUndefined()
})

const nameOf = (steps: number) => Array(steps).fill('a').join('.')

it('headers of policies that are too much together are looked at up to the bound', () => {
  const policies = Array.from({ length: 20 }, (_, index) => {
    const names = Array.from({ length: 1_000 }, (_each, at) => `x-${index}-${at}`)
    const headers = Object.fromEntries(names.map((name) => [name, 'sub']))
    return { ...policyOf({}), terms: { ...termsOf({}), headers } }
  })
  const { claimHeaders = {}, invalid } = effectivePolicyOf(aService(), policies)
  expect(invalid).toBeDefined()
  expect(Object.keys(claimHeaders)).toHaveLength(9_000)
})
