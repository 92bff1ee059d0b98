import { describe, expect, it } from 'vitest'
import { aRole, aRoleBinding, read, reasonsOf } from '../../testing/objects.ts'

const GROUP = 'rbac.authorization.k8s.io'
const RULE = { apiGroups: ['serving.kserve.io'], resources: ['inferenceservices'], verbs: ['get'] }

const clusterRole = (parts: Readonly<Record<string, unknown>>) => ({
  ...aRole(parts),
  kind: 'ClusterRole',
})
const bind = (subject: unknown, kind = 'RoleBinding') =>
  read({
    ...aRoleBinding({ roleRef: { apiGroup: GROUP, kind: 'ClusterRole', name: 'view' } }),
    kind,
    subjects: [subject],
  })

describe('a rule', () => {
  it('is read as it is written', () => {
    expect(read(aRole({ rules: [{ ...RULE, resourceNames: ['iris'] }] })).resource).toMatchObject({
      role: { kind: 'Role', namespace: 'team', rules: [{ ...RULE, resourceNames: ['iris'] }] },
    })
  })

  it.each([
    ['that is not a map', 'get'],
    ['with names that are not a list', { ...RULE, resourceNames: 'iris' }],
    ['with a name that is not a text', { ...RULE, resourceNames: [1] }],
    ['with a field misspelt', { ...RULE, resourceName: ['iris'] }],
    ['with verbs that are not a list', { ...RULE, verbs: '*' }],
  ])('%s grants nothing, the next one is read', (_title, rule) => {
    const reading = read(aRole({ rules: [rule, RULE] }))
    expect(reading.resource).toMatchObject({ role: { rules: [{ ...RULE, resourceNames: [] }] } })
    expect(reasonsOf(reading)).toEqual(['RuleDropped'])
  })

  it('without names is one for all', () => {
    const rules = [{ ...RULE, resourceNames: null }, RULE]
    expect(read(aRole({ rules })).problems).toEqual([])
  })
})

it('a problem is reported on one line, whatever the name of its object contains', () => {
  const { problems } = read(
    aRole({ metadata: { name: `a\nb\u001b${'c'.repeat(500)}` }, rules: [1] }),
  )
  expect(problems).toHaveLength(1)
  expect(problems[0]?.object).toMatch(/^Role team\/a\?b\?c{100,400}$/)
})

describe('an aggregated ClusterRole', () => {
  it('keeps the valid selectors', () => {
    const good = { matchLabels: { a: 'b' }, matchExpressions: [{ key: 'c', operator: 'Exists' }] }
    const reading = read(
      clusterRole({
        aggregationRule: {
          clusterRoleSelectors: [
            good,
            { matchLabel: { a: 'b' } },
            { matchLabels: { a: 1 } },
            { matchExpressions: [{ key: 'c', operator: 'In', values: [] }] },
            { matchExpressions: [{ key: 'c', operator: 'Exists', values: ['x'] }] },
            { matchExpressions: [{ key: 'c', operator: 'Near', values: ['x'] }] },
          ],
        },
      }),
    )
    expect(reading.resource).toMatchObject({ role: { aggregation: [expect.anything()] } })
    expect(reasonsOf(reading)).toEqual(Array.from({ length: 5 }, () => 'SelectorDropped'))
  })

  it('is not one without a selector', () => {
    const reading = read(clusterRole({ aggregationRule: null, rules: [RULE] }))
    expect(reading.resource).toMatchObject({ role: { aggregation: undefined } })
  })
})

describe('a binding', () => {
  it.each([
    [{ kind: 'User', name: 'alice' }, undefined],
    [{ kind: 'Group', name: 'gold' }, GROUP],
    [{ kind: 'ServiceAccount', name: 'reader', namespace: 'other' }, ''],
  ])('has the subject %j of the API group %j', (subject, apiGroup) => {
    const { resource } = bind({ ...subject, apiGroup })
    expect(resource).toMatchObject({ binding: { subjects: [subject] } })
  })

  it('reads a ServiceAccount without a namespace as one of its own', () => {
    expect(bind({ kind: 'ServiceAccount', name: 'reader' }).resource).toMatchObject({
      binding: { subjects: [{ namespace: 'team', name: 'reader' }] },
    })
  })

  it.each([
    [
      'a ServiceAccount without a namespace, bound everywhere',
      { kind: 'ServiceAccount', name: 'reader' },
    ],
    [
      'a ServiceAccount of another API',
      { kind: 'ServiceAccount', name: 'r', namespace: 'n', apiGroup: GROUP },
    ],
    ['a User of another API', { kind: 'User', name: 'alice', apiGroup: 'v1' }],
    ['an unknown kind', { kind: 'Robot', name: 'r2' }],
    ['a missing name', { kind: 'User' }],
    ['no map', 'alice'],
  ])('drops %s', (_title, subject) => {
    const reading = bind(subject, 'ClusterRoleBinding')
    expect(reading.resource).toMatchObject({ binding: { namespace: '', subjects: [] } })
    expect(reasonsOf(reading)).toEqual(['SubjectDropped'])
  })

  it.each([
    ['Role', 'ClusterRoleBinding', GROUP],
    ['Group', 'RoleBinding', GROUP],
    ['Role', 'RoleBinding', 'example.com'],
  ])('to a %s by a %s of %s binds nobody', (kind, binding, apiGroup) => {
    const reading = read({
      ...aRoleBinding({ roleRef: { apiGroup, kind, name: 'view' } }),
      kind: binding,
    })
    expect(reading.resource.kind).toBe('ignored')
    expect(reasonsOf(reading)).toEqual(['BindingDropped'])
  })
})
