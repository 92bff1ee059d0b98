// Computes the conditions of a policy's status (GEP-713).

import {
  createNames,
  createReached,
  MAX_NAMED,
  type NamespacePolicies,
  type Reached,
} from './namespace-policies.ts'
import type { Policy } from './policy.ts'
import { idOf, type Service } from './service.ts'

/** One condition of a policy's status, in the terms of GEP-713. */
export type Condition<R extends string = string> = {
  readonly holds: boolean
  readonly reason: R
  readonly message: string
}

/** The status of a policy. Equal facts give equal texts, so that replicas agree. */
export type PolicyStatus = {
  /** Whether it can be read and its targets exist. */
  readonly accepted: Condition<'Accepted' | 'Invalid' | 'TargetNotFound'>
  /** Whether it decides requests. */
  readonly enforced: Condition<'Enforced' | 'Overridden' | 'Shadow' | 'NotAccepted' | 'TooLarge'>
  /** Whether the installation has the providers that it names. It decides requests even without them. */
  readonly resolvedRefs: Condition<'ResolvedRefs' | 'UnknownProvider' | 'NotAccepted'>
}

/** `fault`: why it cannot be read, if known. Costs time in proportion to the policy's targets. */
export function policyStatusOf(
  policy: Policy,
  namespacePolicies: NamespacePolicies,
  fault = 'it cannot be read',
): PolicyStatus {
  const { reached, missing } = reachedBy(policy, namespacePolicies)
  const accepted = acceptanceOf(policy, reached, missing, fault)
  const isTooLarge = accepted.holds && policy.mode === 'enforce' && reached.closed.count > 0
  const enforced = isTooLarge
    ? tooLarge(reached, namespacePolicies)
    : enforcementOf(policy, reached, accepted)
  return { accepted, enforced, resolvedRefs: resolutionOf(policy) }
}

/** The services that a policy names, and the names that have no service; `''`: none. */
function reachedBy(
  { namespace, targets }: Policy,
  { servicesNamed, everything, isClosed }: NamespacePolicies,
): { readonly reached: Reached; readonly missing: string } {
  if (targets === undefined) return { reached: everything, missing: '' }
  const { reached, add } = createReached(isClosed)
  const missing = createNames()
  const refs = new Map(targets.map((target) => [idOf({ ...target, namespace }), target]))
  for (const target of refs.values()) {
    const found: readonly Service[] = servicesNamed({ ...target, namespace })
    found.forEach(add)
    if (found.length === 0) missing.add(target)
  }
  return { reached, missing: missing.text() }
}

const tooLarge = (
  { closed }: Reached,
  { excess }: Pick<NamespacePolicies, 'excess'>,
): PolicyStatus['enforced'] => ({
  holds: false,
  reason: 'TooLarge',
  message: `closed, because all ${
    excess ? 'policies of the namespace' : 'their policies'
  } together have too many entries: ${closed.text()}`,
})

function acceptanceOf(
  { targets, terms }: Policy,
  { count }: Reached,
  missing: string,
  fault: string,
): PolicyStatus['accepted'] {
  if (terms === undefined) return { holds: false, reason: 'Invalid', message: fault }
  const message = missing === '' ? '' : `not found: ${missing}`
  return targets !== undefined && count === 0
    ? { holds: false, reason: 'TargetNotFound', message: message || 'it names no service' }
    : { holds: true, reason: 'Accepted', message }
}

/** A provider that the installation does not have admits nobody. */
function resolutionOf({ terms }: Policy): PolicyStatus['resolvedRefs'] {
  if (terms === undefined) return { holds: false, reason: 'NotAccepted', message: '' }
  const names = new Set(terms.accepted?.jwt.flatMap(({ unconfigured }) => unconfigured ?? []))
  if (names.size === 0) return { holds: true, reason: 'ResolvedRefs', message: '' }
  const message = `no such provider: ${[...names].slice(0, MAX_NAMED).join(', ')}`
  return { holds: false, reason: 'UnknownProvider', message }
}

function enforcementOf(
  { mode, terms }: Policy,
  { count, opened, overriding }: Reached,
  accepted: PolicyStatus['accepted'],
): PolicyStatus['enforced'] {
  if (!accepted.holds) {
    const closes = terms === undefined && mode === 'enforce'
    const message = closes ? 'its services are closed until it can be read' : ''
    return { holds: false, reason: 'NotAccepted', message }
  }
  if (mode === 'shadow') {
    return {
      holds: false,
      reason: 'Shadow',
      message: 'dry run: it is evaluated and changes no answer',
    }
  }
  if (mode === 'none') {
    const message = 'the installation does not allow Shadow: the policy has no effect'
    return { holds: false, reason: 'Shadow', message }
  }
  const names = overriding.text()
  const message = names === '' ? '' : `open by their own annotation: ${names}`
  return opened > 0 && opened === count
    ? { holds: false, reason: 'Overridden', message }
    : { holds: true, reason: 'Enforced', message }
}
