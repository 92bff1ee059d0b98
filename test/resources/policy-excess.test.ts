import { describe, expect, it } from 'vitest'
import { MAX_PARTS } from '../../src/resources/access-policy.ts'
import { hasMoreThan } from '../../src/resources/object.ts'
import { withoutExcess } from '../../src/resources/policy-excess.ts'
import { readResource } from '../../src/resources/resource.ts'
import { SETTINGS } from '../../testing/objects.ts'
import { anAccessPolicy } from '../../testing/policies/policies.ts'

const many = <T>(value: T, length = MAX_PARTS + 1): T[] => Array.from({ length }, () => value)
const target = { group: 'serving.kserve.io', kind: 'InferenceService', name: 'iris' }
const allow = many({ from: [{ users: many('a', 1_000) }] }, 375)

const TARGETS: readonly (readonly [string, unknown])[] = [
  ['one', [target]],
  ['none', []],
  ['too many', many(target)],
  ['as many as it may have', many(target, 1_024)],
  ['one with an unknown field', [target, { ...target, more: many('a') }]],
  ['one with many fields', [Object.fromEntries(many('a').entries())]],
  ['a list as a target', [target, many('a')]],
  ['a map as a name', [{ ...target, name: { a: many('a') } }]],
  ['a list as a name', [{ ...target, name: many('a') }]],
  ['a map', { a: many('a') }],
  ['a text', 'iris'],
  ['null', null],
]

describe('a policy with too many parts', () => {
  it.each<readonly [string, unknown]>([
    ['no targets', anAccessPolicy({ allow })],
    ...TARGETS.map(
      ([title, targetRefs]) => [title, anAccessPolicy({ targetRefs, allow })] as const,
    ),
    ['a mode', anAccessPolicy({ mode: 'Shadow', targetRefs: [target], allow })],
    ['a mode that is a map', anAccessPolicy({ mode: { a: many('a') }, allow })],
    ['a mode that is a list', anAccessPolicy({ mode: many('a') })],
    ['an unknown part', anAccessPolicy({ unknown: many('a') })],
    ['a list as its spec', { ...anAccessPolicy({}), spec: many('a') }],
    ['an unknown field', { ...anAccessPolicy({ allow }), more: 1 }],
    ['another group', { ...anAccessPolicy({ allow }), apiVersion: 'v1' }],
    ['no name', { ...anAccessPolicy({ allow }), metadata: { namespace: 'team' } }],
  ])('is handed over with few of them, and read as if with all: %s', (_title, policy) => {
    const less = structuredClone(withoutExcess(policy))
    expect(readResource(less, SETTINGS)).toEqual(readResource(policy, SETTINGS))
    expect(hasMoreThan(MAX_PARTS, policy)).toBe(true)
    expect(hasMoreThan(2 * MAX_PARTS, less)).toBe(false)
  })
})

it.each([
  ['a policy with as many parts as one may have', anAccessPolicy({ deny: many(1, MAX_PARTS - 1) })],
  ['any other object', { kind: 'Secret', spec: { deny: many(1) } }],
  ['no object', many(1)],
])('%s is handed over as it is', (_title, object) => {
  expect(withoutExcess(object)).toBe(object)
})
