// The types of an answer: decision, target, caller and shadow evaluation.

import type { MaybePromise } from '../common/maybe-promise.ts'
import type { Authentication } from './authentication.ts'
import type { Caller, CredentialKind } from './caller.ts'
import type { Allow, Decision, DenyReason } from './decision.ts'
import type { AccessRequest } from './request.ts'
import type { ServiceRef } from './service.ts'
import type { Target } from './target.ts'

/** A decision, with the service and the caller it is about. */
export type Answer = {
  readonly decision: Decision
  /** The service that decided; `undefined`: none was found. */
  readonly target: Target | undefined
  /** The caller, admitted or not; `undefined`: not asked for, or not known. */
  readonly caller: Caller | undefined
  /** Of a denial: the name of the credential, as in `Caller.reference`; absent: `caller` has it, or none is known. */
  readonly reference?: string
  /** The policy, rule or permission that denied, or the component that was let pass; absent: nothing more is to say. */
  readonly decidedBy?: string
  /** Absent if nothing is in shadow. */
  readonly shadowCheck?: ShadowCheck
}

/** `request` is `undefined` if it could not be read. `note` receives each step; it never sees a secret. */
export type Authorize = (request: AccessRequest | undefined, note?: Note) => MaybePromise<Answer>

export type Note = (step: string) => void

/** What the answer would have been if everything in shadow were enforced. It changes no answer. */
export type ShadowVerdict = {
  readonly service: ServiceRef
  /** `unknown`: evaluating it would have exceeded the limits of shadow evaluations. */
  readonly decision: 'allow' | 'deny' | 'unknown'
  /** Empty on allow. */
  readonly reason: DenyReason | ''
  readonly credentialKind: CredentialKind | 'none'
}

/** Computes the verdict; called after the answer is sent. */
export type ShadowCheck = (note?: Note) => MaybePromise<ShadowVerdict>

/** Only a valid credential is removed, and only if the request is allowed. */
export const consuming = (
  answer: Answer,
  authentication: Authentication,
  consumed: Allow['consumed'],
): Answer =>
  answer.decision.outcome === 'allow' && authentication.kind === 'known'
    ? { ...answer, decision: { ...answer.decision, consumed } }
    : answer
