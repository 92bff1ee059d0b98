import type { Caller } from './caller.ts'
import { type Credential, type CredentialSource, readCredential } from './credential.ts'
import { decide, type Facts } from './decide.ts'
import { type Allow, type Decision, type DenyReason, deny } from './decision.ts'
import type { Directory } from './directory.ts'
import { type Exclusions, isExcluded, isPreflight } from './exclusions.ts'
import { type ForwardCredential, forwards } from './forwarding.ts'
import { createIdentify, type IdentitySources } from './identify.ts'
import { ownComponent } from './own-component.ts'
import type { AccessRequest } from './request.ts'
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

type Note = (step: string) => void

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
  readonly trustDomain: string
}

/** Gathers the facts, then decides. Answers at once where all facts are in memory. */
export function createAuthorize(sources: Sources, settings: Settings): Authorize {
  const { directory } = sources
  const { authenticate, permissionOf } = createIdentify(sources)

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
    const [target] = targets
    if (targets.length === 1) return judge(request, target, note)
    const [, next, ...rest] = targets
    return whenKnown(judge(request, target, note), (answer) => {
      if (next === undefined || answer.decision.outcome === 'deny') return answer
      return whenKnown(judgeAll(request, [next, ...rest], note), (other) =>
        bothAllow(answer, other),
      )
    })
  }

  function judge(request: AccessRequest, target: Target, note: Note | undefined): Soon<Answer> {
    const { service } = target
    note?.(describeTarget(target))
    const exempt = isExempt(request, target)
    if (exempt || service.protection !== 'protected') {
      note?.(exempt ? 'exempt: anybody may ask this' : `the service is ${service.protection}`)
      return conclude(target, { ...NOTHING_KNOWN, exempt })
    }
    const component = ownComponent(request, target, directory, settings.trustDomain)
    if (component !== undefined) note?.(`own component: ${component.reference}`)
    return judgeCaller(request, target, { ...NOTHING_KNOWN, ownComponent: component }, note)
  }

  function judgeCaller(
    { headers, proxy }: AccessRequest,
    target: Target,
    facts: Gathered,
    note: Note | undefined,
  ): Soon<Answer> {
    const credential = readCredential(headers, settings.credentialSources)
    note?.(describeCredential(credential))
    if (credential.kind !== 'presented') {
      return conclude(target, { ...facts, credential: credential.kind })
    }
    return whenKnown(authenticate(credential, target.service, proxy), (authentication) => {
      if (authentication.kind === 'rejected') {
        note?.(`caller: unknown, ${authentication.reason}`)
        return conclude(target, { ...facts, credential: authentication })
      }
      const { caller } = authentication
      note?.(`caller: ${caller.user} (${caller.kind} ${caller.reference})`)
      return whenKnown(permissionOf(caller, target.service), (permission) => {
        note?.(`permission: ${permission}`)
        const answer = conclude(target, { ...facts, credential: authentication, permission })
        return forwards(settings.forwardCredential, target, directory)
          ? answer
          : consuming(answer, credential.places)
      })
    })
  }

  function isExempt(request: AccessRequest, target: Target): boolean {
    return (
      isExcluded(request, target, settings.exclusions) ||
      (settings.corsPreflight === 'allow' &&
        target.service.kind !== 'InferenceGraph' &&
        isPreflight(request))
    )
  }
}

type Gathered = Omit<Facts, 'protection'>

const NOTHING_KNOWN: Gathered = {
  exempt: false,
  ownComponent: undefined,
  credential: 'none',
  permission: 'no',
}

const refused = (reason: DenyReason): Answer => ({
  decision: deny(reason),
  target: undefined,
  caller: undefined,
})

function conclude(target: Target, facts: Gathered): Answer {
  const decision = decide({ ...facts, protection: target.service.protection })
  const { credential } = facts
  const shown =
    typeof credential === 'object' && credential.kind === 'known' ? credential.caller : undefined
  const caller = decision.outcome === 'allow' ? decision.caller : shown
  return { decision, target, caller }
}

/** Only a credential that was found good is taken away, whether it or a component's own identity let the caller in. */
const consuming = (answer: Answer, consumed: Allow['consumed']): Answer =>
  answer.decision.outcome === 'allow'
    ? { ...answer, decision: { ...answer.decision, consumed } }
    : answer

/** The caller is the first one known; his credential is taken away where everybody who read it agrees. */
function bothAllow(one: Answer, other: Answer): Answer {
  if (one.decision.outcome === 'deny') return one
  if (other.decision.outcome === 'deny' || one.decision.caller === undefined) return other
  const kept = other.decision.caller !== undefined && other.decision.consumed.length === 0
  return kept ? { ...one, decision: { ...one.decision, consumed: [] } } : one
}

function describeTarget({ service, position, workload, pathPrefix }: Target): string {
  const { kind, namespace, name } = service
  const where =
    workload === undefined
      ? `at a ${position}${pathPrefix === '' ? '' : ` under ${pathPrefix}`}`
      : `at pod ${workload.namespace}/${workload.name} (${workload.component ?? 'no known component'})`
  return `target: ${kind} ${namespace}/${name}, ${where}`
}

const describeCredential = (credential: Credential): string =>
  credential.kind === 'presented'
    ? `credential: one, in ${credential.places.map(({ name }) => name).join(' and ')}`
    : `credential: ${credential.kind}`
