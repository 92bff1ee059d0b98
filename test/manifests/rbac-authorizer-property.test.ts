import fc from 'fast-check'
import { expect, it } from 'vitest'
import {
  createRbac,
  type RbacUser,
  type ResourceAccess,
} from '../../src/manifests/rbac-authorizer.ts'
import type { Binding, PolicyRule, Role, Subject } from '../../src/resources/rbac.ts'

const GROUP = 'serving.kserve.io'
const ALICE: RbacUser = { name: 'alice', groups: ['gold'] }
const READER: RbacUser = { name: 'system:serviceaccount:team:reader', groups: ['gold'] }

type World = { readonly roles: readonly Role[]; readonly bindings: readonly Binding[] }

/** The rules of RBAC as plainly as possible. */
function naive({ roles, bindings }: World, user: RbacUser, access: ResourceAccess): boolean {
  return bindings.some(
    (binding) =>
      (binding.kind === 'ClusterRoleBinding' || binding.namespace === access.namespace) &&
      binding.subjects.some((subject) => isUser(subject, user)) &&
      roles.some(
        (role) =>
          role.kind === binding.role.kind &&
          role.name === binding.role.name &&
          (role.kind === 'ClusterRole' || role.namespace === binding.namespace) &&
          rulesOf(role, [role], roles).some((rule) => grants(rule, access)),
      ),
  )
}

function isUser(subject: Subject, user: RbacUser): boolean {
  switch (subject.kind) {
    case 'Group':
      return user.groups.includes(subject.name)
    case 'User':
      return user.name === subject.name
    case 'ServiceAccount':
      return user.name === `system:serviceaccount:${subject.namespace}:${subject.name}`
  }
}

function rulesOf(role: Role, seen: readonly Role[], roles: readonly Role[]): readonly PolicyRule[] {
  const { aggregation } = role
  if (aggregation === undefined) return role.rules
  return roles
    .filter((other) => other.kind === 'ClusterRole' && !seen.includes(other))
    .filter(({ labels }) =>
      aggregation.some((selector) => selector.every(({ label }) => labels.has(label))),
    )
    .flatMap((other) => rulesOf(other, [...seen, other], roles))
}

const grants = (rule: PolicyRule, access: ResourceAccess) =>
  [access.verb, '*'].some((verb) => rule.verbs.includes(verb)) &&
  [access.group, '*'].some((group) => rule.apiGroups.includes(group)) &&
  [access.resource, '*'].some((resource) => rule.resources.includes(resource)) &&
  (rule.resourceNames.length === 0 || rule.resourceNames.includes(access.name))

const some = (...values: readonly string[]) =>
  fc.array(fc.constantFrom(...values), { minLength: 1, maxLength: 3 })
const namespace = fc.constantFrom('team', 'other')
const name = fc.constantFrom('a', 'b')
const namespacedKind = { namespace, name }
const clusterKind = { namespace: fc.constant(''), name }

const rules: fc.Arbitrary<PolicyRule[]> = fc.array(
  fc.record({
    apiGroups: some(GROUP, '*', ''),
    resources: some('inferenceservices', '*', 'inferenceservices/status'),
    verbs: some('get', '*', 'list'),
    resourceNames: fc.oneof(fc.constant([]), some('iris', 'other')),
  }),
  { minLength: 1, maxLength: 3 },
)
const label = fc.constantFrom('x', 'y')
const labels = fc.uniqueArray(label).map((all) => new Map(all.map((one) => [one, ''])))
const selector = fc.array(fc.record({ label, operator: fc.constant('Exists' as const) }), {
  maxLength: 2,
})
const role: fc.Arbitrary<Role> = fc.oneof(
  fc.record({
    kind: fc.constant('Role' as const),
    ...namespacedKind,
    labels,
    rules,
    aggregation: fc.constant(undefined),
  }),
  fc.record({
    kind: fc.constant('ClusterRole' as const),
    ...clusterKind,
    labels,
    rules,
    aggregation: fc.option(fc.array(selector, { minLength: 1, maxLength: 2 }), { nil: undefined }),
  }),
)
const subjects: fc.Arbitrary<Subject[]> = fc.array(
  fc.oneof(
    fc.record({
      kind: fc.constantFrom('User' as const, 'Group' as const),
      name: fc.constantFrom('alice', 'gold', READER.name),
    }),
    fc.record({
      kind: fc.constant('ServiceAccount' as const),
      namespace,
      name: fc.constantFrom('reader', 'alice'),
    }),
  ),
  { minLength: 1, maxLength: 3 },
)
const binding: fc.Arbitrary<Binding> = fc.oneof(
  fc.record({
    kind: fc.constant('RoleBinding' as const),
    ...namespacedKind,
    role: fc.record({ kind: fc.constantFrom('Role' as const, 'ClusterRole' as const), name }),
    subjects,
  }),
  fc.record({
    kind: fc.constant('ClusterRoleBinding' as const),
    ...clusterKind,
    role: fc.record({ kind: fc.constant('ClusterRole' as const), name }),
    subjects,
  }),
)
const idOf = (object: { kind: string; namespace: string; name: string }) =>
  `${object.kind} ${object.namespace} ${object.name}`
const world: fc.Arbitrary<World> = fc.record({
  roles: fc.uniqueArray(role, { selector: idOf, minLength: 3, maxLength: 5 }),
  bindings: fc.uniqueArray(binding, { selector: idOf, minLength: 3, maxLength: 5 }),
})
const user = fc.constantFrom(ALICE, READER)

it('agrees with a naive evaluator, also after roles and bindings are added and removed', () => {
  const seen = { allowed: 0, refused: 0 }
  fc.assert(
    fc.property(world, world, user, namespace, (before, now, who, where) => {
      const access = {
        verb: 'get',
        group: GROUP,
        resource: 'inferenceservices',
        namespace: where,
        name: 'iris',
      }
      const rbac = createRbac()
      for (const put of before.roles) rbac.putRole(put)
      for (const put of before.bindings) rbac.putBinding(put)
      expect(rbac.allows(who, access)).toBe(naive(before, who, access))
      for (const gone of before.roles) rbac.removeRole(gone)
      for (const gone of before.bindings) rbac.removeBinding(gone)
      expect(rbac.allows(who, access)).toBe(false)
      for (const put of now.roles) rbac.putRole(put)
      for (const put of now.bindings) rbac.putBinding(put)
      const expected = naive(now, who, access)
      seen[expected ? 'allowed' : 'refused'] += 1
      expect(rbac.allows(who, access)).toBe(expected)
    }),
    { numRuns: 2_000 },
  )
  expect(seen.allowed).toBeGreaterThan(200)
  expect(seen.refused).toBeGreaterThan(200)
})
