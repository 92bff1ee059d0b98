import type { Answer, Authorize, Note } from './answer.ts'
import { type Allow, type DenyReason, deny, mergeHeaders } from './decision.ts'
import { createJudge, type Settings, type Sources } from './judge.ts'
import { createRegimes } from './regimes.ts'
import type { AccessRequest } from './request.ts'
import { createShadow } from './shadow.ts'
import { type Soon, whenKnown } from './soon.ts'
import { findTargets, type Targets } from './target.ts'

/** Answers at once where all facts are in memory. */
export function createAuthorize(sources: Sources, settings: Settings): Authorize {
  const { directory } = sources
  const judge = createJudge(sources, settings)
  const regimesOf = createRegimes(directory)
  const trialOf = createShadow({ judge, regimesOf, now: sources.now })

  return (request, note) => {
    if (request === undefined) return refused('unsupported-request')
    if (!sources.synced()) return refused('not-synced')
    const targets = findTargets(request, directory)
    if ('outcome' in targets) {
      note?.(`target: none, ${targets.reason}`)
      return refused(targets.reason)
    }
    const trial = trialOf(request, targets)
    const answer = judgeAll(request, targets, note)
    return trial === undefined ? answer : whenKnown(answer, (made) => ({ ...made, trial }))
  }

  /** All must allow. The first denial is the answer. */
  function judgeAll(
    request: AccessRequest,
    targets: Targets,
    note: Note | undefined,
  ): Soon<Answer> {
    const [target] = targets
    const regime = regimesOf(target.service).enforced
    if (targets.length === 1) return judge(request, target, regime, note)
    const [, next, ...rest] = targets
    return whenKnown(judge(request, target, regime, note), (answer) => {
      if (next === undefined || answer.decision.outcome === 'deny') return answer
      return whenKnown(judgeAll(request, [next, ...rest], note), (other) =>
        bothAllow(answer, other),
      )
    })
  }
}

const refused = (reason: DenyReason): Answer => ({
  decision: deny(reason),
  target: undefined,
  caller: undefined,
})

/** What both ask for is done: where either sets or removes a header, it is never the client's. */
function bothAllow(one: Answer, other: Answer): Answer {
  if (one.decision.outcome === 'deny') return one
  if (other.decision.outcome === 'deny') return other
  const known = one.decision.caller === undefined ? other : one
  const claimHeaders = mergeHeaders(one.decision.claimHeaders, other.decision.claimHeaders)
  const decision = { ...callerOfBoth(one.decision, other.decision), claimHeaders }
  return { ...known, decision }
}

/** The first one known; his credential is taken away where everybody who read it agrees. */
function callerOfBoth(one: Allow, other: Allow): Allow {
  if (one.caller === undefined) return other
  const kept = other.caller !== undefined && other.consumed.length === 0
  return kept ? { ...one, consumed: [] } : one
}
