import type { MaybePromise } from '../common/maybe-promise.ts'
import type { Authentication } from './authentication.ts'
import type { Caller, CredentialKind } from './caller.ts'
import type { Allow, Decision, DenyReason } from './decision.ts'
import type { AccessRequest } from './request.ts'
import type { ServiceRef } from './service.ts'
import type { Target } from './target.ts'

/** A decision, and about whom and what it was made. */
export type Answer = {
  readonly decision: Decision
  /** The service that decided; `undefined` where none was found. */
  readonly target: Target | undefined
  /** Who called, whether let in or not; `undefined` where that was not asked or not found out. */
  readonly caller: Caller | undefined
  /** Absent where nothing is only tried. */
  readonly shadowCheck?: ShadowCheck
}

/** `request` is `undefined` for one that could not be read. `note` is told each step; it sees no secret. */
export type Authorize = (request: AccessRequest | undefined, note?: Note) => MaybePromise<Answer>

export type Note = (step: string) => void

/** What the answer would have been if all that is only tried were enforced. It changes no answer. */
export type ShadowVerdict = {
  readonly service: ServiceRef
  /** `unknown`: finding out would have cost more than a trial may. */
  readonly decision: 'allow' | 'deny' | 'unknown'
  /** Empty on allow. */
  readonly reason: DenyReason | ''
  readonly credentialKind: CredentialKind | 'none'
}

/** Finds out the verdict; for after the answer. */
export type ShadowCheck = (note?: Note) => MaybePromise<ShadowVerdict>

/** Only a credential that was found good is taken away, and only where somebody was let in. */
export const consuming = (
  answer: Answer,
  authentication: Authentication,
  consumed: Allow['consumed'],
): Answer =>
  answer.decision.outcome === 'allow' && authentication.kind === 'known'
    ? { ...answer, decision: { ...answer.decision, consumed } }
    : answer
