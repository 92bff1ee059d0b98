// Counts and logs checks, and starts shadow evaluations.

import { setTimeout as delay, setImmediate } from 'node:timers/promises'
import type { Answer, ShadowCheck, ShadowVerdict } from '../access/answer.ts'
import { describeRefusal } from '../access/refusal-meaning.ts'
import type { Checked } from '../envoy/check-handler.ts'
import type { DecisionLog, LoggedCheck } from '../observability/decision-log.ts'
import type { LastDenials } from '../observability/last-denials.ts'
import type { Metrics, ObservedCheck } from '../observability/metrics.ts'

export type CheckObserver = {
  readonly observe: (checked: Checked) => void
  /** Resolves once everything is logged, or after `withinMs`. */
  readonly settled: (withinMs: number) => Promise<void>
}

/**
 * Counts and logs checks. Shadow evaluation runs after the answer and never delays it; the check is then
 * logged with both results. `lastDenials`: absent if they are not kept.
 */
export function createCheckObserver(
  metrics: Pick<Metrics, 'observe' | 'observeShadow'>,
  decisions: Pick<DecisionLog, 'log'>,
  report: (fault: unknown) => void,
  lastDenials?: Pick<LastDenials, 'observe'>,
): CheckObserver {
  const waiting = new Set<Promise<void>>()

  async function shadowCheckOf(shadowCheck: ShadowCheck, logged: LoggedCheck) {
    await setImmediate()
    try {
      const verdict = await shadowCheck()
      metrics.observeShadow(countedOf(verdict))
      const { decision, reason } = verdict
      decisions.log({ ...logged, shadowDecision: decision, shadowReason: reason })
    } catch (fault) {
      report(fault)
      decisions.log({ ...logged, shadowDecision: 'unknown', shadowReason: 'internal' })
    }
  }

  return {
    observe: (checked) => {
      metrics.observe(observedOf(checked))
      if (lastDenials !== undefined) keepDenial(checked, lastDenials)
      const { shadowCheck } = checked.answer
      if (shadowCheck === undefined) {
        decisions.log(loggedOf(checked))
        return
      }
      const told = shadowCheckOf(shadowCheck, loggedOf(checked)).finally(() => waiting.delete(told))
      waiting.add(told)
    },
    settled: async (withinMs) => {
      if (waiting.size === 0) return
      const late = new AbortController()
      const end = delay(withinMs, undefined, { signal: late.signal }).catch(() => {})
      await Promise.race([Promise.allSettled(waiting), end])
      late.abort()
    },
  }
}

function keepDenial(
  { incoming, answer, seconds }: Checked,
  lastDenials: Pick<LastDenials, 'observe'>,
) {
  const { decision, target } = answer
  if (decision.outcome !== 'deny' || target === undefined) return
  const { position } = incoming
  const { reason } = decision
  lastDenials.observe(target.service, { time: arrivalOf(seconds), reason, position })
}

/** In milliseconds since the epoch. */
const arrivalOf = (seconds: number): number => Date.now() - seconds * 1_000

const countedOf = ({ service, decision, reason, credentialKind }: ShadowVerdict) => ({
  namespace: service.namespace,
  name: service.name,
  outcome: decision,
  reason,
  credentialKind,
})

const reasonOf = ({ decision }: Answer) => (decision.outcome === 'deny' ? decision.reason : '')

const observedOf = ({ answer, seconds }: Checked): ObservedCheck => ({
  namespace: answer.target?.service.namespace,
  name: answer.target?.service.name,
  outcome: answer.decision.outcome,
  reason: reasonOf(answer),
  credentialKind: answer.caller?.kind ?? 'none',
  seconds,
  refusal: refusalIn(answer),
})

const refusalIn = ({ decision }: Answer) =>
  decision.outcome === 'deny' ? decision.refusal : undefined

const detailOf = (answer: Answer) => {
  const refusal = refusalIn(answer)
  return refusal === undefined ? {} : { detail: describeRefusal(refusal) }
}

const loggedOf = ({ incoming, answer, seconds }: Checked): LoggedCheck => ({
  time: arrivalOf(seconds),
  requestId: incoming.requestId,
  namespace: answer.target?.service.namespace,
  name: answer.target?.service.name,
  component: answer.target?.workload?.component,
  position: incoming.position,
  method: incoming.method,
  host: incoming.host,
  path: incoming.path,
  source: incoming.source,
  destination: incoming.destination,
  decision: answer.decision.outcome,
  reason: reasonOf(answer),
  credentialKind: answer.caller?.kind ?? 'none',
  credential: answer.caller?.reference ?? answer.reference,
  latencyUs: seconds * 1_000_000,
  ...detailOf(answer),
  ...(answer.decidedBy === undefined ? {} : { decidedBy: answer.decidedBy }),
})
