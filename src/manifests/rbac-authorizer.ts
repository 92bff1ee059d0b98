// Evaluates Kubernetes RBAC.

import { userOfServiceAccount } from '../common/service-account-name.ts'
import { createTable } from '../common/table.ts'
import type { Binding, PolicyRule, Role, Subject } from '../resources/rbac.ts'
import { selects } from '../resources/selector.ts'

export type RbacUser = { readonly name: string; readonly groups: readonly string[] }

/** An access to a resource, as in a SubjectAccessReview. Subresources are not supported. */
export type ResourceAccess = {
  readonly verb: string
  readonly group: string
  /** Plural, e.g. `inferenceservices`. */
  readonly resource: string
  readonly namespace: string
  readonly name: string
}

export type Rbac = {
  /** Replaces a role of the same kind, namespace and name. */
  readonly putRole: (role: Role) => void
  readonly removeRole: (role: Pick<Role, 'kind' | 'namespace' | 'name'>) => void
  readonly putBinding: (binding: Binding) => void
  readonly removeBinding: (binding: Pick<Binding, 'kind' | 'namespace' | 'name'>) => void
  readonly allows: (user: RbacUser, access: ResourceAccess) => boolean
  /** Those of the namespace first. Costs time in proportion to its bindings and those of the cluster. */
  readonly grantees: (access: ResourceAccess) => readonly Grantee[]
}

/** A subject with a permission, and the binding that grants it. */
export type Grantee = { readonly subject: Subject; readonly binding: string }

type Identity = { readonly kind: string; readonly namespace: string; readonly name: string }

const idOf = ({ kind, namespace, name }: Identity) => `${kind} ${namespace}/${name}`

/**
 * Evaluates roles and bindings as the API server does. Callers of this function add a user's implicit groups.
 * A look-up costs the bindings of that user and its groups in one namespace.
 */
export function createRbac(): Rbac {
  const roles = new Map<string, Role>()
  const bindings = createTable<Binding>(({ namespace, subjects }) => [
    ...new Set([`in ${namespace}`, ...subjects.map((subject) => keyOf(namespace, subject))]),
  ])
  const aggregated = new Map<string, readonly PolicyRule[]>()
  /** By user object and access; cleared with each change. */
  let verdicts = new WeakMap<RbacUser, Map<string, boolean>>()
  let kept = 0

  const rulesBoundBy = ({ role: { kind, name }, namespace }: Binding): readonly PolicyRule[] => {
    const id = idOf({ kind, namespace: kind === 'Role' ? namespace : '', name })
    const role = roles.get(id)
    if (role?.aggregation === undefined) return role?.rules ?? []
    const known = aggregated.get(id)
    if (known !== undefined) return known
    const rules = aggregate(role, [...roles.values()])
    aggregated.set(id, rules)
    return rules
  }

  const evaluate = ({ name, groups }: RbacUser, access: ResourceAccess): boolean => {
    const grants = (binding: Binding) => rulesBoundBy(binding).some((rule) => covers(rule, access))
    const bound = (namespace: string, kind: 'User' | 'Group', subject: string) =>
      bindings.find(keyOf(namespace, { kind, name: subject })).some(grants)
    return ['', access.namespace].some(
      (namespace) =>
        bound(namespace, 'User', name) || groups.some((group) => bound(namespace, 'Group', group)),
    )
  }

  const forget = () => {
    verdicts = new WeakMap()
    kept = 0
  }
  const changed = () => {
    aggregated.clear()
    forget()
  }

  return {
    putRole: (role) => {
      roles.set(idOf(role), role)
      changed()
    },
    removeRole: (role) => {
      roles.delete(idOf(role))
      changed()
    },
    putBinding: (binding) => {
      bindings.put(idOf(binding), binding)
      changed()
    },
    removeBinding: (binding) => {
      bindings.remove(idOf(binding))
      changed()
    },
    grantees: (access) =>
      [access.namespace, '']
        .flatMap((namespace) => bindings.find(`in ${namespace}`))
        .filter((binding) => rulesBoundBy(binding).some((rule) => covers(rule, access)))
        .flatMap((binding) => {
          const name =
            binding.namespace === '' ? binding.name : `${binding.namespace}/${binding.name}`
          return binding.subjects.map((subject) => ({
            subject,
            binding: `${binding.kind} ${name}`,
          }))
        }),
    allows: (user, access) => {
      const known = verdicts.get(user) ?? new Map<string, boolean>()
      const asked = questionOf(access)
      const found = known.get(asked)
      if (found !== undefined) return found
      const verdict = evaluate(user, access)
      if (kept >= MAX_VERDICTS) forget()
      kept += 1
      verdicts.set(user, known.set(asked, verdict))
      return verdict
    },
  }
}

/** For all users together: evaluating one takes a few microseconds. */
export const MAX_VERDICTS = 50_000

/** No part but the last contains a space. */
const questionOf = ({ verb, group, resource, namespace, name }: ResourceAccess): string =>
  `${verb} ${group} ${resource} ${namespace} ${name}`

/** A ServiceAccount is also a user. A namespace contains no space, so keys are unambiguous. */
function keyOf(bindingNamespace: string, subject: Subject): string {
  if (subject.kind !== 'ServiceAccount')
    return `${bindingNamespace} ${subject.kind} ${subject.name}`
  return `${bindingNamespace} User ${userOfServiceAccount(subject)}`
}

/**
 * The rules of every ClusterRole that is selected directly or through other aggregated ones. An aggregated
 * role's own rules do not count: Kubernetes overwrites them.
 */
function aggregate(start: Role, roles: readonly Role[]): readonly PolicyRule[] {
  const reached = new Set([start])
  for (const { aggregation = [] } of reached) {
    for (const role of roles) {
      const selected = aggregation.some((selector) => selects(selector, role.labels))
      if (selected && role.kind === 'ClusterRole') reached.add(role)
    }
  }
  return [...reached].flatMap(({ aggregation, rules }) => (aggregation === undefined ? rules : []))
}

const ALL = '*'

/** `*` covers every resource; `*` with a subresource does not cover the resource itself. */
const covers = (rule: PolicyRule, { verb, group, resource, name }: ResourceAccess): boolean =>
  holds(rule.verbs, verb) &&
  holds(rule.apiGroups, group) &&
  holds(rule.resources, resource) &&
  (rule.resourceNames.length === 0 || rule.resourceNames.includes(name))

const holds = (entries: readonly string[], entry: string) =>
  entries.includes(entry) || entries.includes(ALL)
