import type { Answer, Authorize, Note } from './answer.ts'
import { type Allow, type DenyReason, deny, mergeHeaders } from './decision.ts'
import { findTargets } from './find-targets.ts'
import { createJudge, type Settings, type Sources } from './judge.ts'
import { createRegimes } from './regimes.ts'
import type { AccessRequest } from './request.ts'
import { createShadow } from './shadow.ts'
import { type Soon, whenKnown } from './soon.ts'
import type { Target, Targets } from './target.ts'

/** Answers at once where all facts are in memory. */
export function createAuthorize(sources: Sources, settings: Settings): Authorize {
  const { directory } = sources
  const judge = createJudge(sources, settings)
  const regimesOf = createRegimes(directory)
  const trialOf = createShadow({ judge, regimesOf, now: sources.now })

  return (request, note) => {
    if (request === undefined) return refused('unsupported-request')
    if (!sources.synced()) return refused('not-synced')
    const targets = findTargets(request, directory, settings.gateways, note)
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
    const [first, ...rest] = targets
    let answer = judgeOne(request, first, note)
    for (const [index, target] of rest.entries()) {
      if (answer instanceof Promise) return judgeRest(request, answer, rest.slice(index), note)
      if (answer.decision.outcome === 'deny') return answer
      answer = both(answer, judgeOne(request, target, note))
    }
    return answer
  }

  async function judgeRest(
    request: AccessRequest,
    begun: Promise<Answer>,
    targets: readonly Target[],
    note: Note | undefined,
  ): Promise<Answer> {
    let answer = await begun
    for (const target of targets) {
      if (answer.decision.outcome === 'deny') return answer
      answer = bothAllow(answer, await judgeOne(request, target, note))
    }
    return answer
  }

  function judgeOne(request: AccessRequest, target: Target, note: Note | undefined): Soon<Answer> {
    return judge(request, target, regimesOf(target.service).enforced, note)
  }
}

const both = (one: Answer, other: Soon<Answer>): Soon<Answer> =>
  whenKnown(other, (made) => bothAllow(one, made))

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
