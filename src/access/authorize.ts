import type { Caller } from './caller.ts'
import type { CredentialSource } from './credential.ts'
import { type Decision, type DenyReason, deny } from './decision.ts'
import type { Directory } from './directory.ts'
import type { Exclusions } from './exclusions.ts'
import type { ForwardCredential } from './forwarding.ts'
import type { IdentitySources } from './identify.ts'
import { createJudge } from './judge.ts'
import type { Mesh } from './mesh-peer.ts'
import { type PolicyLimits, type Regime, regimeOf } from './regime.ts'
import type { AccessRequest } from './request.ts'
import type { Service } from './service.ts'
import { type Soon, whenKnown } from './soon.ts'
import { findTargets, type Target, type Targets } from './target.ts'

/** A decision, and about whom and what it was made. */
export type Answer = {
  readonly decision: Decision
  /** The service that decided; `undefined` where none was found. */
  readonly target: Target | undefined
  /** Who called, whether let in or not; `undefined` where that was not asked or not found out. */
  readonly caller: Caller | undefined
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
  readonly limits: PolicyLimits
}

/** Answers at once where all facts are in memory. */
export function createAuthorize(sources: Sources, settings: Settings): Authorize {
  const { directory } = sources
  const judge = createJudge(sources, settings)
  const regimeFor = createRegimes(directory, settings.limits)

  return (request, note) => {
    if (request === undefined) return refused('unsupported-request')
    if (!sources.synced()) return refused('not-synced')
    const targets = findTargets(request, directory)
    if ('outcome' in targets) {
      note?.(`target: none, ${targets.reason}`)
      return refused(targets.reason)
    }
    return judgeAll(request, targets, note)
  }

  /** All must allow. The first denial is the answer. */
  function judgeAll(
    request: AccessRequest,
    targets: Targets,
    note: Note | undefined,
  ): Soon<Answer> {
    const [target, next, ...rest] = targets
    return whenKnown(judge(request, target, regimeFor(target.service), note), (answer) => {
      if (next === undefined || answer.decision.outcome === 'deny') return answer
      return whenKnown(judgeAll(request, [next, ...rest], note), (other) =>
        bothAllow(answer, other),
      )
    })
  }
}

/** What is in force for each service, computed once for each change of it or of a policy. */
function createRegimes(directory: Directory, limits: PolicyLimits): (service: Service) => Regime {
  const known = new WeakMap<Service, { readonly version: number; readonly regime: Regime }>()
  return (service) => {
    const version = directory.policyVersion()
    const found = known.get(service)
    if (found?.version === version) return found.regime
    const policies = directory.policiesFor(service).filter(({ mode }) => mode === 'enforce')
    const regime = regimeOf(service, policies, limits)
    known.set(service, { version, regime })
    return regime
  }
}

const refused = (reason: DenyReason): Answer => ({
  decision: deny(reason),
  target: undefined,
  caller: undefined,
})

/** The caller is the first one known; his credential is taken away where everybody who read it agrees. */
function bothAllow(one: Answer, other: Answer): Answer {
  if (one.decision.outcome === 'deny') return one
  if (other.decision.outcome === 'deny' || one.decision.caller === undefined) return other
  const kept = other.decision.caller !== undefined && other.decision.consumed.length === 0
  return kept ? { ...one, decision: { ...one.decision, consumed: [] } } : one
}
