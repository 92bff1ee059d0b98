// Gathers the facts of one target, and decides about it.

import { andThen, type MaybePromise } from '../common/maybe-promise.ts'
import { isCanonicalPath, pathOf } from '../common/path.ts'
import { refusalOf, refusedBy } from './accepted-credentials.ts'
import { type Answer, consuming, type Note } from './answer.ts'
import { type Authentication, known, rejected } from './authentication.ts'
import { type Case, concluded, type Gathered } from './conclude.ts'
import { type CredentialSource, readCredential } from './credential.ts'
import type { Facts } from './decide.ts'
import { describeCredential, describeRejection, describeTarget } from './describe.ts'
import type { Directory } from './directory.ts'
import type { EffectivePolicies } from './effective-policies-of.ts'
import { decidingRule, type EffectivePolicy, isDenied, judgeByRules } from './effective-policy.ts'
import { type ExemptionSettings, isExempt } from './exempt.ts'
import { explainRefusal, explainWithout } from './explain.ts'
import { type ForwardCredential, forwards } from './forwarding.ts'
import type { IsFresh } from './freshness.ts'
import type { Gateways } from './gateways.ts'
import { createIdentify, type IdentitySources } from './identify.ts'
import { ANONYMOUS, type Mesh, meshPeer } from './mesh-peer.ts'
import { operationAtModel } from './operation.ts'
import type { Permissions } from './permissions.ts'
import type { AccessRequest } from './request.ts'
import { createPermissionFor } from './routing-group.ts'
import type { Service } from './service.ts'
import { siblingComponent } from './sibling-component.ts'
import type { Target } from './target.ts'
import { isForGroups } from './unknown-groups.ts'

export type Sources = IdentitySources & {
  readonly directory: Directory
  /** Whether everything has been read at least once. */
  readonly synced: () => boolean
  readonly isFresh: IsFresh
}

export type Settings = ExemptionSettings & {
  readonly credentialSources: readonly CredentialSource[]
  /** Longest JWT to read, in characters; absent: the default. */
  readonly jwtLength?: number
  readonly forwardCredential: ForwardCredential
  readonly mesh: Mesh
  readonly gateways: Gateways
  /** Absent: the defaults. */
  readonly permissions?: Permissions
}

/** Decides about one target under an effective policy. */
export type Judge = (
  request: AccessRequest,
  target: Target,
  effectivePolicy: EffectivePolicy,
  note: Note | undefined,
) => MaybePromise<Answer>

/** Gathers the facts of one target, then decides. */
export function createJudge(
  sources: Sources,
  settings: Settings,
  effectivePoliciesOf: (service: Service) => EffectivePolicies,
): Judge {
  const { directory, isFresh } = sources
  const { authenticate, permissionOf, holds } = createIdentify(sources, settings.permissions)
  const permissionFor = createPermissionFor({ permissionOf, holds, directory, effectivePoliciesOf })

  return (request, target, effectivePolicy, note) => {
    const facing = { request, target, effectivePolicy, note }
    note?.(describeTarget(target))
    const exempt = isExempt(request, target, effectivePolicy, settings)
    if (exempt || effectivePolicy.protection !== 'protected') {
      note?.(
        exempt ? 'exempt: no credential is needed' : `the service is ${effectivePolicy.protection}`,
      )
      return conclude(facing, { ...NOTHING_KNOWN, exempt })
    }
    const policies = policiesIn(facing)
    if (policies !== 'readable') {
      note?.(
        `policies: ${effectivePolicy.invalid ?? 'rules match the path, and the path is not canonical'}`,
      )
      return conclude(facing, { ...NOTHING_KNOWN, policies })
    }
    return judgeCredential(facing, { ...NOTHING_KNOWN, ...componentIn(facing) })
  }

  function componentIn(facing: Case): Pick<Gathered, 'ownComponent' | 'componentDeniedBy'> {
    const { request, target, effectivePolicy, note } = facing
    const component = siblingComponent(request, target, directory, settings.mesh.trustDomain)
    if (component === undefined) return { ownComponent: undefined }
    const operation = operationAtModel(request, target)
    const denied = isDenied(effectivePolicy, component, operation)
    note?.(`sibling component: ${component.reference}${denied ? ', denied by a rule' : ''}`)
    return denied
      ? {
          ownComponent: 'denied',
          componentDeniedBy: decidingRule(effectivePolicy, component, operation),
        }
      : { ownComponent: component }
  }

  function judgeCredential(facing: Case, facts: Gathered): MaybePromise<Answer> {
    const { request, target, effectivePolicy, note } = facing
    const credential = readCredential(
      request.headers,
      settings.credentialSources,
      settings.jwtLength,
    )
    note?.(describeCredential(credential))
    if (credential.kind === 'none') return judgeCaller(facing, facts, withoutCredential(facing))
    if (credential.kind !== 'presented') {
      return conclude(facing, { ...facts, credential: credential.kind })
    }
    const found = authenticate(credential, target.service, request.proxy, effectivePolicy.audiences)
    return andThen(found, (authentication) =>
      andThen(judgeCaller(facing, facts, authentication), (answer) =>
        forwards(settings.forwardCredential, target, request, directory)
          ? answer
          : consuming(answer, authentication, credential.places),
      ),
    )
  }

  /** A mesh peer or an anonymous caller, if every policy accepts it. */
  function withoutCredential({
    request,
    target,
    effectivePolicy,
    note,
  }: Case): Authentication | 'none' {
    if (effectivePolicy.terms.length === 0) return 'none'
    const peer = meshPeer(request, target, settings.mesh)
    if (note !== undefined) explainWithout(effectivePolicy.terms, peer, note)
    const callers = peer === undefined ? [ANONYMOUS] : [peer, ANONYMOUS]
    const caller = callers.find((each) => refusalOf(effectivePolicy, each) === undefined)
    return caller === undefined ? 'none' : known(caller)
  }

  function judgeCaller(
    facing: Case,
    facts: Gathered,
    authentication: Authentication | 'none',
  ): MaybePromise<Answer> {
    const { request, target, effectivePolicy, note } = facing
    if (authentication === 'none') return conclude(facing, facts)
    if (authentication.kind === 'rejected') {
      note?.(describeRejection(authentication))
      return conclude(facing, { ...facts, credential: authentication })
    }
    const { caller } = authentication
    note?.(`caller: ${caller.user ?? 'no user'} (${caller.kind} ${caller.reference})`)
    const refusal = refusalOf(effectivePolicy, caller)
    if (refusal !== undefined) {
      if (note !== undefined) explainRefusal(effectivePolicy.terms, caller, note)
      const about = { reference: caller.reference, by: refusedBy(effectivePolicy, caller) }
      return conclude(facing, { ...facts, credential: rejected(refusal, about) })
    }
    const rules = judgeByRules(effectivePolicy, caller, operationAtModel(request, target), note)
    const needed = rules === 'silent' || caller.apiKey !== undefined
    const permission = needed ? permissionFor(caller, request, target, effectivePolicy, note) : 'no'
    const forGroups =
      (rules === 'denied' || rules === 'refused') &&
      isForGroups(effectivePolicy.terms, caller, operationAtModel(request, target), rules)
    return andThen(permission, (permission) =>
      conclude(facing, { ...facts, credential: authentication, rules, forGroups, permission }),
    )
  }

  function conclude(facing: Case, facts: Gathered): Answer {
    return concluded(facing, facts, isFresh)
  }
}

const NOTHING_KNOWN: Gathered = {
  exempt: false,
  policies: 'readable',
  ownComponent: undefined,
  credential: 'none',
  rules: 'silent',
  forGroups: false,
  permission: 'no',
}

function policiesIn({ request, target, effectivePolicy }: Case): Facts['policies'] {
  if (effectivePolicy.invalid !== undefined) return 'invalid'
  const certain = target.rewritten !== true && isCanonicalPath(pathOf(request.path))
  return effectivePolicy.byPath && !certain ? 'ambiguous-path' : 'readable'
}
