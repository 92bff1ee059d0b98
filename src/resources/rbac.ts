// Reads Roles, ClusterRoles and their bindings.

import { isRecord } from '../common/json.ts'
import {
  type Fields,
  isSegmentName,
  type KubernetesObject,
  type TextMap,
  textAt,
  valueAt,
} from './object.ts'
import type { Raise } from './problem.ts'
import { readSelector, type Selector } from './selector.ts'

export type Role = {
  readonly kind: 'Role' | 'ClusterRole'
  /** Empty for a ClusterRole. */
  readonly namespace: string
  readonly name: string
  readonly labels: TextMap
  readonly rules: readonly PolicyRule[]
  /** If present, the rules are those of the selected ClusterRoles, and `rules` is ignored. */
  readonly aggregation: readonly Selector[] | undefined
}

export type PolicyRule = {
  readonly apiGroups: readonly string[]
  readonly resources: readonly string[]
  readonly verbs: readonly string[]
  /** Empty: all. */
  readonly resourceNames: readonly string[]
}

export type Binding = {
  readonly kind: 'RoleBinding' | 'ClusterRoleBinding'
  /** Empty for a ClusterRoleBinding. */
  readonly namespace: string
  readonly name: string
  readonly role: { readonly kind: Role['kind']; readonly name: string }
  readonly subjects: readonly Subject[]
}

export type Subject =
  | { readonly kind: 'User' | 'Group'; readonly name: string }
  | { readonly kind: 'ServiceAccount'; readonly namespace: string; readonly name: string }

export const RBAC_GROUP = 'rbac.authorization.k8s.io'

/** Reads a Role or ClusterRole. A rule with a part that is not understood grants nothing. */
export function readRole(object: KubernetesObject, kind: Role['kind'], raise: Raise): Role {
  const { namespace, name, labels, content } = object
  const rules = entriesAt(content, 'rules').flatMap((entry, index) => {
    const rule = readRule(entry)
    if (rule === undefined)
      raise('RuleDropped', `rules[${index}] cannot be read: it grants nothing`)
    return rule ?? []
  })
  return { kind, namespace, name, labels, rules, aggregation: readAggregation(object, raise) }
}

const RULE_FIELDS: ReadonlySet<string> = new Set([
  'apiGroups',
  'resources',
  'verbs',
  'resourceNames',
  'nonResourceURLs',
])

/** An unknown field could be a misspelt `resourceNames`, without which the rule would cover everything. */
function readRule(entry: unknown): PolicyRule | undefined {
  if (!isRecord(entry) || !Object.keys(entry).every((field) => RULE_FIELDS.has(field))) return
  const [apiGroups, resources, verbs, resourceNames] = [
    textsAt(entry, 'apiGroups'),
    textsAt(entry, 'resources'),
    textsAt(entry, 'verbs'),
    textsAt(entry, 'resourceNames'),
  ]
  if (!apiGroups || !resources || !verbs || !resourceNames) return
  return { apiGroups, resources, verbs, resourceNames }
}

function readAggregation({ kind, content }: KubernetesObject, raise: Raise): Role['aggregation'] {
  if (kind !== 'ClusterRole' || (valueAt(content, 'aggregationRule') ?? null) === null) return
  const selectors: Selector[] = []
  const entries = entriesAt(content, 'aggregationRule', 'clusterRoleSelectors')
  for (const [index, entry] of entries.entries()) {
    const selector = readSelector(entry)
    if (selector !== undefined) selectors.push(selector)
    else
      raise('SelectorDropped', `clusterRoleSelectors[${index}] cannot be read: it selects nothing`)
  }
  return selectors
}

/** Reads a RoleBinding or ClusterRoleBinding; `undefined`: its role is not valid. */
export function readBinding(
  object: KubernetesObject,
  kind: Binding['kind'],
  raise: Raise,
): Binding | undefined {
  const { namespace, name, content } = object
  const role = readRoleRef(valueAt(content, 'roleRef'), kind)
  if (role === undefined) {
    raise('BindingDropped', 'roleRef cannot be read: the binding has no effect')
    return undefined
  }
  const subjects = entriesAt(content, 'subjects').flatMap((entry, index) => {
    const subject = readSubject(entry, namespace)
    if (subject === undefined) raise('SubjectDropped', `subjects[${index}] is not a valid subject`)
    return subject ?? []
  })
  return { kind, namespace, name, role, subjects }
}

function readRoleRef(entry: unknown, binding: Binding['kind']): Binding['role'] | undefined {
  const kind = textAt(entry, 'kind')
  const name = textAt(entry, 'name')
  const group = valueAt(entry, 'apiGroup') || RBAC_GROUP
  if (name === undefined || !isSegmentName(name) || group !== RBAC_GROUP) return undefined
  if (kind === 'ClusterRole') return { kind, name }
  return kind === 'Role' && binding === 'RoleBinding' ? { kind, name } : undefined
}

/** A ServiceAccount without a namespace is in the binding's; a ClusterRoleBinding has none. */
function readSubject(entry: unknown, bindingNamespace: string): Subject | undefined {
  const kind = textAt(entry, 'kind')
  const name = textAt(entry, 'name')
  const group = valueAt(entry, 'apiGroup') || undefined
  if (!name) return undefined
  if (kind === 'User' || kind === 'Group')
    return group === undefined || group === RBAC_GROUP ? { kind, name } : undefined
  const namespace = valueAt(entry, 'namespace') || bindingNamespace
  if (kind !== 'ServiceAccount' || group !== undefined) return undefined
  return typeof namespace === 'string' && namespace !== '' ? { kind, namespace, name } : undefined
}

/** A list; any other value counts as one unreadable entry. */
function entriesAt(content: Fields, ...path: readonly string[]): readonly unknown[] {
  const found = valueAt(content, ...path) ?? []
  return Array.isArray(found) ? found : [undefined]
}

/** Absent and `null` give an empty list; `undefined`: not a list of texts. */
function textsAt(entry: Fields, field: string): readonly string[] | undefined {
  const found = valueAt(entry, field) ?? []
  if (!Array.isArray(found)) return undefined
  const texts = found.filter((text): text is string => typeof text === 'string')
  return texts.length === found.length ? texts : undefined
}
