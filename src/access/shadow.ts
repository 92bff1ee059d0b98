// Evaluates what the answer would be if everything in shadow were enforced.

import type { MaybePromise } from '../common/maybe-promise.ts'
import { createTokenBucket } from '../common/token-bucket.ts'
import { allAllow } from './all-allow.ts'
import type { Answer, Note, ShadowCheck, ShadowVerdict } from './answer.ts'
import type { EffectivePolicies } from './effective-policies-of.ts'
import type { Judge } from './judge.ts'
import type { AccessRequest } from './request.ts'
import type { Service, ServiceRef } from './service.ts'
import type { Target, Targets } from './target.ts'

export type ShadowParts = {
  readonly judge: Judge
  readonly effectivePoliciesOf: (service: Service) => EffectivePolicies
  /** In milliseconds. */
  readonly now: () => number
}

/** Shadow evaluations that may wait for look-ups at a time, and that may start to in a second. */
export const MAX_SHADOW_WAITING = 16
export const PER_SECOND = 50

/** The shadow evaluation of a request, if anything about its targets is in shadow. */
export function createShadow({ judge, effectivePoliciesOf, now }: ShadowParts) {
  // A token bucket: one token per look-up.
  const bucket = createTokenBucket({ burst: PER_SECOND, perSecond: PER_SECOND }, now())
  let waiting = 0

  return (request: AccessRequest, targets: Targets): ShadowCheck | undefined => {
    const first = targets.find(({ service }) => effectivePoliciesOf(service).shadow !== undefined)
    return first === undefined
      ? undefined
      : (note) => attempt(request, targets, first.service, note)
  }

  function attempt(request: AccessRequest, targets: Targets, service: Service, note?: Note) {
    if (waiting >= MAX_SHADOW_WAITING || bucket.left(now()) < 1) return overloaded(service)
    const answer = judgeAll({ ...request, proxy: () => 'shadow' }, targets, note)
    if (!(answer instanceof Promise)) return verdictOf(answer, service)
    bucket.take()
    waiting += 1
    return answer
      .then((made) => verdictOf(made, service))
      .finally(() => {
        waiting -= 1
      })
  }

  function judgeAll(request: AccessRequest, targets: Targets, note?: Note): MaybePromise<Answer> {
    const judgeOne = (target: Target) => {
      const { enforced, shadow = enforced } = effectivePoliciesOf(target.service)
      return judge(request, target, shadow, note)
    }
    return allAllow(targets, judgeOne, firstCaller)
  }
}

/** A denial wins; otherwise the first known caller. */
const firstCaller = (one: Answer, other: Answer): Answer =>
  other.decision.outcome === 'deny' || one.caller === undefined ? other : one

const overloaded = (service: ServiceRef): ShadowVerdict => ({
  service,
  decision: 'unknown',
  reason: 'overloaded',
  credentialKind: 'none',
})

const verdictOf = ({ decision, target, caller }: Answer, service: ServiceRef): ShadowVerdict => ({
  service: decision.outcome === 'deny' ? (target?.service ?? service) : service,
  decision: decision.outcome,
  reason: decision.outcome === 'deny' ? decision.reason : '',
  credentialKind: caller?.kind ?? 'none',
})
