// Policies by namespace and by service, with versions and weights.

import { createTable, type Table } from '../common/table.ts'
import type { Policy } from './policy.ts'
import { MAX_NAMESPACE_WEIGHT, weightOf } from './policy-weight.ts'
import { idOf, type ServiceRef } from './service.ts'

export type PolicyIndex = {
  readonly policies: Pick<Table<Policy>, 'put' | 'remove' | 'get' | 'values'>
  /** In no particular order. */
  readonly policiesFor: (ref: ServiceRef) => readonly Policy[]
  readonly policiesIn: (namespace: string) => readonly Policy[]
  /** Changes with each change of a policy of the namespace. */
  readonly policyVersion: (namespace: string) => number
  /** Changes with each change of any policy. */
  readonly policyChanges: () => number
  /** Whether the policies of a namespace exceed their limit together. */
  readonly policyExcess: (namespace: string) => PolicyExcess
}

export type PolicyExcess = {
  /** Counting enforced policies. */
  readonly enforced: boolean
  /** Counting enforced and shadow policies. */
  readonly shadow: boolean
}

type Account = { version: number; count: number; enforced: number; shadow: number }

/** Policies by namespace and by target. A change affects its namespace only. */
export function createPolicyIndex(): PolicyIndex {
  const policies = createTable<Policy>(keysOf)
  const accounts = new Map<string, Account>()
  let changes = 0

  /** A namespace without policies needs no entry: its effective policies are those before its first policy. */
  const enter = (policy: Policy, sign: 1 | -1) => {
    const { namespace, mode } = policy
    const account = accounts.get(namespace) ?? { version: 0, count: 0, enforced: 0, shadow: 0 }
    changes += 1
    account.version = changes
    account.count += sign
    if (mode === 'enforce') account.enforced += sign * weightOf(policy)
    if (mode !== 'none') account.shadow += sign * weightOf(policy)
    if (account.count === 0) accounts.delete(namespace)
    else accounts.set(namespace, account)
  }
  const leave = (id: string) => {
    const before = policies.get(id)
    if (before !== undefined) enter(before, -1)
  }

  return {
    policies: {
      values: policies.values,
      get: policies.get,
      put: (id, policy) => {
        leave(id)
        policies.put(id, policy)
        enter(policy, 1)
      },
      remove: (id) => {
        leave(id)
        policies.remove(id)
      },
    },
    policiesFor: (ref) => [
      ...policies.find(`namespace ${ref.namespace}`),
      ...policies.find(`service ${idOf(ref)}`),
    ],
    policiesIn: (namespace) => policies.find(`in ${namespace}`),
    policyVersion: (namespace) => accounts.get(namespace)?.version ?? 0,
    policyChanges: () => changes,
    policyExcess: (namespace) => {
      const { enforced = 0, shadow = 0 } = accounts.get(namespace) ?? {}
      return { enforced: enforced > MAX_NAMESPACE_WEIGHT, shadow: shadow > MAX_NAMESPACE_WEIGHT }
    },
  }
}

const keysOf = ({ namespace, targets }: Policy): readonly string[] => [
  `in ${namespace}`,
  ...(targets === undefined
    ? [`namespace ${namespace}`]
    : new Set(targets.map((target) => `service ${idOf({ ...target, namespace })}`))),
]
