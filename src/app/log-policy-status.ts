// Logs the status of the policies of a folder.

import { setImmediate } from 'node:timers/promises'
import type { Directory } from '../access/directory.ts'
import { namespacePoliciesOf } from '../access/namespace-policies.ts'
import { type PolicyStatus, policyStatusOf } from '../access/policy-status.ts'
import { inSlices, type Work } from '../common/slices.ts'
import { observedDirectory } from './observed-tables.ts'

/** From a change until the policies of its namespace are evaluated, in milliseconds. */
const SETTLE_MS = 100

type Tell = (policy: string, policyStatus: PolicyStatus) => void

/** Wraps a directory, and reports the status of each policy whenever it changes. */
export function policyStatusLogger(
  directory: Directory,
  tell: Tell | undefined,
  turn: () => Promise<unknown> = () => setImmediate(),
): Directory {
  if (tell === undefined) return directory
  const told = new Map<string, ReadonlyMap<string, string>>()
  const changed = new Set<string>()
  let planned = false

  function* lookAt(namespace: string, tell: Tell): Work<void> {
    const policies = directory.policiesIn(namespace)
    const around = yield* namespacePoliciesOf(directory.servicesIn(namespace), policies)
    const before = told.get(namespace)
    const now = new Map<string, string>()
    for (const policy of policies) {
      const policyStatus = policyStatusOf(policy, around)
      const name = `AccessPolicy ${policy.namespace}/${policy.name}`
      const words = JSON.stringify(policyStatus)
      now.set(name, words)
      if (before?.get(name) !== words) tell(name, policyStatus)
      yield UNITS_OF_POLICY_STATUS + (policy.targets?.length ?? 0)
    }
    if (now.size === 0) told.delete(namespace)
    else told.set(namespace, now)
  }
  const plan = () => {
    if (!planned) setTimeout(() => void look(), SETTLE_MS).unref()
    planned = true
  }
  const look = async () => {
    const due = [...changed]
    changed.clear()
    try {
      for (const namespace of due) await inSlices(lookAt(namespace, tell), turn)
    } finally {
      planned = false
      if (changed.size > 0) plan()
    }
  }
  const change = (namespace: string) => {
    changed.add(namespace)
    plan()
  }
  return observedDirectory(directory, {
    service: ({ namespace }) => change(namespace),
    policy: ({ namespace }) => change(namespace),
  })
}

/** Includes building and comparing its text. */
const UNITS_OF_POLICY_STATUS = 10
