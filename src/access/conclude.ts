// Decides from the facts of a target, and names what decided a denial.

import type { Answer, Note } from './answer.ts'
import { decide, type Facts } from './decide.ts'
import type { Deny } from './decision.ts'
import { decidingRule, type EffectivePolicy } from './effective-policy.ts'
import { type IsFresh, whileFresh } from './freshness.ts'
import { operationAtModel } from './operation.ts'
import type { AccessRequest } from './request.ts'
import type { Target } from './target.ts'

/** A request to one target under an effective policy. */
export type Case = {
  readonly request: AccessRequest
  readonly target: Target
  readonly effectivePolicy: EffectivePolicy
  readonly note: Note | undefined
}

export type Gathered = Omit<Facts, 'protection'> & {
  /** The rule that denies the calling component; absent: none does. */
  readonly componentDeniedBy?: string | undefined
}

/** Decides about one target. An allow needs fresh facts. */
export function concluded(facing: Case, facts: Gathered, isFresh: IsFresh): Answer {
  const { target, effectivePolicy } = facing
  const decided = decide({ ...facts, protection: effectivePolicy.protection })
  const decision = whileFresh(decided, facing, isFresh)
  if (decision.outcome === 'deny') {
    // A rule that allowed did not deny for stale facts.
    const by = decision === decided ? deciderOf(decision, facing, facts) : undefined
    return { decision, target, caller: knownIn(facts), ...aboutCredential(facts), ...by }
  }
  const { claimHeaders } = effectivePolicy
  return {
    decision: claimHeaders === undefined ? decision : { ...decision, claimHeaders },
    target,
    caller: decision.caller,
    ...(decision.caller?.kind === 'component' ? BY_COMPONENT : {}),
  }
}

/** An allow of the service itself: no policy, rule or permission gave it. */
const BY_COMPONENT = { decidedBy: 'sibling component' }

const knownIn = ({ credential }: Gathered) =>
  typeof credential === 'object' && credential.kind === 'known' ? credential.caller : undefined

function aboutCredential({ credential }: Gathered): Pick<Answer, 'reference' | 'decidedBy'> {
  if (typeof credential !== 'object' || credential.kind === 'known') return {}
  const { reference, by } = credential
  return {
    ...(reference === undefined ? {} : { reference }),
    ...(by === undefined ? {} : { decidedBy: by }),
  }
}

/** The policy, rule or permission that denied; absent: the reason says it all. */
function deciderOf(
  { reason }: Deny,
  { request, target, effectivePolicy }: Case,
  facts: Gathered,
): Pick<Answer, 'decidedBy'> | undefined {
  if (reason === 'policy-invalid') return { decidedBy: `policies: ${effectivePolicy.invalid}` }
  const caller = knownIn(facts)
  if (caller === undefined) {
    const rule = reason === 'denied-by-rule' ? facts.componentDeniedBy : undefined
    return rule === undefined ? undefined : { decidedBy: rule }
  }
  if (facts.permission === 'foreign') return { decidedBy: "the key's scope" }
  if (facts.rules === 'silent') {
    return reason === 'not-permitted' || reason === 'groups-unknown'
      ? { decidedBy: 'RBAC' }
      : undefined
  }
  const rule = decidingRule(effectivePolicy, caller, operationAtModel(request, target))
  return rule === undefined ? undefined : { decidedBy: rule }
}
