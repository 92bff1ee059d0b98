// Decides a request: finds its targets and judges each. The entry point of this folder.

import { andThen } from '../common/maybe-promise.ts'
import { allAllow } from './all-allow.ts'
import type { Answer, Authorize } from './answer.ts'
import { createContenders, MAX_JUDGED } from './contenders.ts'
import { type Allow, type DenyReason, deny, mergeHeaders } from './decision.ts'
import { createEffectivePolicies } from './effective-policies-of.ts'
import { findTargets } from './find-targets.ts'
import { createJudge, type Settings, type Sources } from './judge.ts'
import { createShadow } from './shadow.ts'
import type { Target } from './target.ts'

/** Answers without a promise if all facts are in memory. */
export function createAuthorize(sources: Sources, settings: Settings): Authorize {
  const { directory } = sources
  const effectivePoliciesOf = createEffectivePolicies(directory)
  const judge = createJudge(sources, settings, effectivePoliciesOf)
  const contendersOf = createContenders(effectivePoliciesOf, directory)
  const shadowCheckOf = createShadow({ judge, effectivePoliciesOf, now: sources.now })

  return (request, note) => {
    if (request === undefined) return refused('unsupported-request')
    if (!sources.synced()) return refused('not-synced')
    const targets = findTargets(request, directory, settings.gateways, sources.isFresh, note)
    if ('outcome' in targets) {
      note?.(`target: none, ${targets.reason}`)
      return refused(targets.reason)
    }
    const contenders = contendersOf(targets)
    if (contenders === 'too many') {
      note?.(`target: none, more than ${MAX_JUDGED} services have this address`)
      return refused('conflicting-target')
    }
    const shadowCheck = shadowCheckOf(request, contenders)
    const judgeOne = (target: Target) =>
      judge(request, target, effectivePoliciesOf(target.service).enforced, note)
    const answer = allAllow(contenders, judgeOne, bothAllow)
    return shadowCheck === undefined
      ? answer
      : andThen(answer, (made) => ({ ...made, shadowCheck }))
  }
}

const refused = (reason: DenyReason): Answer => ({
  decision: deny(reason),
  target: undefined,
  caller: undefined,
})

/** Combines what both ask for: a header that either sets or removes is never the client's. */
function bothAllow(one: Answer, other: Answer): Answer {
  if (one.decision.outcome === 'deny') return one
  if (other.decision.outcome === 'deny') return other
  const known = one.decision.caller === undefined ? other : one
  const claimHeaders = mergeHeaders(one.decision.claimHeaders, other.decision.claimHeaders)
  const decision = { ...callerOfBoth(one.decision, other.decision), claimHeaders }
  return { ...known, decision }
}

/** The first known caller; its credential is removed only if every target that read it agrees. */
function callerOfBoth(one: Allow, other: Allow): Allow {
  if (one.caller === undefined) return other
  const kept = other.caller !== undefined && other.consumed.length === 0
  return kept ? { ...one, consumed: [] } : one
}
