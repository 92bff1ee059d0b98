import { describe, expect, it } from 'vitest'
import {
  createRbac,
  type RbacUser,
  type ResourceAccess,
} from '../../src/manifests/rbac-authorizer.ts'
import type { Binding, PolicyRule, Role, Subject } from '../../src/resources/rbac.ts'

const GROUP = 'serving.kserve.io'
const IRIS: ResourceAccess = {
  verb: 'get',
  group: GROUP,
  resource: 'inferenceservices',
  namespace: 'team',
  name: 'iris',
}
const ALICE: RbacUser = { name: 'alice', groups: ['gold'] }
const READER: RbacUser = {
  name: 'system:serviceaccount:team:reader',
  groups: ['system:serviceaccounts', 'system:serviceaccounts:team'],
}

const aRule = (given: Partial<PolicyRule> = {}): PolicyRule => ({
  apiGroups: [GROUP],
  resources: ['inferenceservices'],
  verbs: ['get'],
  resourceNames: [],
  ...given,
})
const aRole = (given: Partial<Role> = {}): Role => ({
  kind: 'Role',
  namespace: 'team',
  name: 'reader',
  labels: new Map(),
  rules: [aRule()],
  aggregation: undefined,
  ...given,
})
const aClusterRole = (given: Partial<Role> = {}): Role =>
  aRole({ kind: 'ClusterRole', namespace: '', ...given })
const aBinding = (given: Partial<Binding> = {}): Binding => ({
  kind: 'RoleBinding',
  namespace: 'team',
  name: 'reader',
  role: { kind: 'Role', name: 'reader' },
  subjects: [{ kind: 'User', name: 'alice' }],
  ...given,
})

function rbacOf(roles: readonly Role[], bindings: readonly Binding[]) {
  const rbac = createRbac()
  for (const role of roles) rbac.putRole(role)
  for (const binding of bindings) rbac.putBinding(binding)
  return rbac
}

describe('a rule', () => {
  it.each<[Partial<PolicyRule>, boolean]>([
    [{}, true],
    [{ verbs: ['*'], apiGroups: ['*'], resources: ['*'] }, true],
    [{ verbs: ['list', 'get'] }, true],
    [{ verbs: ['list'] }, false],
    [{ verbs: [] }, false],
    [{ apiGroups: [''] }, false],
    [{ apiGroups: ['serving.kserve.io/v1beta1'] }, false],
    [{ resources: ['inferencegraphs'] }, false],
    [{ resources: ['inferenceservices/status'] }, false],
    [{ resources: ['*/status'] }, false],
    [{ resources: ['*/*'] }, false],
    [{ resources: ['inferenceservices/*'] }, false],
    [{ resources: ['InferenceServices'] }, false],
    [{ resourceNames: ['iris'] }, true],
    [{ resourceNames: ['other', 'iris'] }, true],
    [{ resourceNames: ['other'] }, false],
    [{ resourceNames: ['*'] }, false],
  ])('%j allows get on one: %s', (rule, allowed) => {
    expect(rbacOf([aRole({ rules: [aRule(rule)] })], [aBinding()]).allows(ALICE, IRIS)).toBe(
      allowed,
    )
  })
})

describe('a binding', () => {
  it.each<[Subject, RbacUser, boolean]>([
    [{ kind: 'User', name: 'alice' }, ALICE, true],
    [{ kind: 'User', name: 'gold' }, ALICE, false],
    [{ kind: 'User', name: '*' }, ALICE, false],
    [{ kind: 'Group', name: 'gold' }, ALICE, true],
    [{ kind: 'Group', name: 'alice' }, ALICE, false],
    [{ kind: 'ServiceAccount', namespace: 'team', name: 'reader' }, READER, true],
    [{ kind: 'ServiceAccount', namespace: 'other', name: 'reader' }, READER, false],
    [{ kind: 'User', name: READER.name }, READER, true],
    [{ kind: 'Group', name: 'system:serviceaccounts:team' }, READER, true],
  ])('of %j to %j: %s', (subject, user, bound) => {
    expect(rbacOf([aRole()], [aBinding({ subjects: [subject] })]).allows(user, IRIS)).toBe(bound)
  })

  it('of a namespace applies there only, even to a ClusterRole', () => {
    const role = { kind: 'ClusterRole', name: 'reader' } as const
    const { allows } = rbacOf([aClusterRole()], [aBinding({ role })])
    expect(allows(ALICE, IRIS)).toBe(true)
    expect(allows(ALICE, { ...IRIS, namespace: 'other' })).toBe(false)
  })

  it('of the cluster applies everywhere', () => {
    const role = { kind: 'ClusterRole', name: 'reader' } as const
    const binding = aBinding({ kind: 'ClusterRoleBinding', namespace: '', role })
    expect(rbacOf([aClusterRole()], [binding]).allows(ALICE, IRIS)).toBe(true)
  })

  it('grants nothing while its role is missing', () => {
    const rbac = rbacOf([], [aBinding()])
    expect(rbac.allows(ALICE, IRIS)).toBe(false)
    rbac.putRole(aRole())
    expect(rbac.allows(ALICE, IRIS)).toBe(true)
    rbac.removeRole(aRole())
    expect(rbac.allows(ALICE, IRIS)).toBe(false)
  })

  it('does not use a Role of another namespace, or a ClusterRole as a Role', () => {
    const roles = [aRole({ namespace: 'other' }), aClusterRole()]
    expect(rbacOf(roles, [aBinding()]).allows(ALICE, IRIS)).toBe(false)
  })

  it('ends when it is replaced or removed', () => {
    const rbac = rbacOf([aRole()], [aBinding()])
    rbac.putBinding(aBinding({ subjects: [{ kind: 'Group', name: 'silver' }] }))
    expect(rbac.allows(ALICE, IRIS)).toBe(false)
    rbac.putBinding(aBinding())
    rbac.removeBinding(aBinding())
    expect(rbac.allows(ALICE, IRIS)).toBe(false)
  })
})

describe('an aggregated ClusterRole', () => {
  const selecting = (label: string) => [
    [{ label, operator: 'In' as const, values: new Set(['true']) }],
  ]
  const labelled = (label: string) => new Map([[label, 'true']])
  const top = aClusterRole({ aggregation: selecting('to-top'), rules: [aRule()] })
  const middle = aClusterRole({
    name: 'middle',
    labels: labelled('to-top'),
    aggregation: selecting('to-middle'),
  })
  const leaf = aClusterRole({ name: 'leaf', labels: labelled('to-middle') })
  const binding = aBinding({ role: { kind: 'ClusterRole', name: 'reader' } })

  it('has the rules of those it selects, also indirectly, and none of its own', () => {
    expect(rbacOf([top, middle, leaf], [binding]).allows(ALICE, IRIS)).toBe(true)
    expect(rbacOf([top, middle], [binding]).allows(ALICE, IRIS)).toBe(false)
    expect(rbacOf([top, leaf], [binding]).allows(ALICE, IRIS)).toBe(false)
  })

  it('may select in a cycle', () => {
    const circle = aClusterRole({ ...middle, aggregation: selecting('to-top') })
    expect(rbacOf([top, circle], [binding]).allows(ALICE, IRIS)).toBe(false)
    expect(
      rbacOf([top, circle, { ...leaf, labels: labelled('to-top') }], [binding]).allows(ALICE, IRIS),
    ).toBe(true)
  })

  it('follows roles that are added and removed', () => {
    const rbac = rbacOf([top, middle, leaf], [binding])
    expect(rbac.allows(ALICE, IRIS)).toBe(true)
    rbac.removeRole(leaf)
    expect(rbac.allows(ALICE, IRIS)).toBe(false)
    rbac.putRole(leaf)
    expect(rbac.allows(ALICE, IRIS)).toBe(true)
  })

  it('selects no Role', () => {
    const role = aRole({ name: 'leaf', labels: labelled('to-top') })
    expect(rbacOf([top, role], [binding]).allows(ALICE, IRIS)).toBe(false)
  })
})

it('the cache of users is bounded, and its results are correct', () => {
  const { putRole, putBinding, allows } = createRbac()
  putRole(aRole())
  putBinding(aBinding({ subjects: [{ kind: 'Group', name: 'gold' }] }))
  let evaluated = 0
  const user = (name: string): RbacUser => ({
    name,
    get groups() {
      evaluated += 1
      return ['gold']
    },
  })
  const [first, ...others] = Array.from({ length: 60_000 }, (_, index) => user(`u${index}`))
  if (first === undefined) throw new Error('first')
  for (let times = 0; times < 10; times += 1) expect(allows(first, IRIS)).toBe(true)
  expect(evaluated).toBe(1)
  for (const other of others) allows(other, IRIS)
  expect(allows(first, IRIS)).toBe(true)
  expect(evaluated).toBe(60_001)
})
