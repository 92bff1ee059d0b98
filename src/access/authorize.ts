import type { Caller } from './caller.ts'
import type { CredentialSource } from './credential.ts'
import { type Allow, type Decision, type DenyReason, deny, mergeHeaders } from './decision.ts'
import type { Directory } from './directory.ts'
import type { Exclusions } from './exclusions.ts'
import type { ForwardCredential } from './forwarding.ts'
import type { IdentitySources } from './identify.ts'
import { createJudge } from './judge.ts'
import type { Mesh } from './mesh-peer.ts'
import { createRegimes } from './regimes.ts'
import type { AccessRequest } from './request.ts'
import { createShadow, type Trial } from './shadow.ts'
import { type Soon, whenKnown } from './soon.ts'
import { findTargets, type Target, type Targets } from './target.ts'

/** A decision, and about whom and what it was made. */
export type Answer = {
  readonly decision: Decision
  /** The service that decided; `undefined` where none was found. */
  readonly target: Target | undefined
  /** Who called, whether let in or not; `undefined` where that was not asked or not found out. */
  readonly caller: Caller | undefined
  /** Absent where nothing is only tried. */
  readonly trial?: Trial
}

/** `request` is `undefined` for one that could not be read. `note` is told each step; it sees no secret. */
export type Authorize = (request: AccessRequest | undefined, note?: Note) => Soon<Answer>

export type Note = (step: string) => void

export type Sources = IdentitySources & {
  readonly directory: Directory
  /** Whether every source has told all that it knows at least once. */
  readonly synced: () => boolean
}

export type Settings = {
  readonly exclusions: Exclusions
  readonly credentialSources: readonly CredentialSource[]
  readonly corsPreflight: 'deny' | 'allow'
  readonly forwardCredential: ForwardCredential
  readonly mesh: Mesh
}

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
