// Sends reviews to the API server, with a fair queue and a circuit breaker.

import type { QueueKey } from '../../access/queue-key.ts'
import { describeApiProblem } from '../client/api-problem.ts'
import { ApiError, type ApiServer } from '../client/api-server.ts'
import { type CircuitBreakerPeriods, createCircuitBreaker } from './circuit-breaker.ts'
import { createFairQueue, type QueueLimits } from './fair-queue.ts'
import type { Observer } from './observer.ts'

type Outcome =
  | { readonly kind: 'answered'; readonly content: unknown }
  /** It was shed, or waited too long to be of use. */
  | { readonly kind: 'overloaded' }
  /** There was no answer, or the circuit breaker is open. */
  | { readonly kind: 'unavailable' }

export type ReviewClient = {
  /** Never rejects. */
  readonly ask: (queueKey: QueueKey, body: unknown) => Promise<Outcome>
}

export type ReviewLimits = QueueLimits &
  CircuitBreakerPeriods & {
    /**
     * Timeout of one call, including its wait, in milliseconds: longer than any request waits, so that a
     * retry finds the answer.
     */
    readonly callMs: number
  }

export const REVIEW_LIMITS: ReviewLimits = {
  callMs: 3_000,
  running: 32,
  waiting: 4_096,
  waitingPerKey: 1_024,
  // Wait and call must end before the answer is due, after 400 ms.
  patienceMs: 250,
  tolerated: 3,
  firstRestMs: 100,
  longestRestMs: 2_000,
}

export type ReviewKind = {
  /** The name in metrics. */
  readonly dependency: string
  readonly path: string
  /** The RBAC permission it needs. */
  readonly permission: string
}

export type ReviewParts = {
  readonly api: Pick<ApiServer, 'send'>
  readonly observer: Observer
  /** Called for each failure, with a fixed sentence. */
  readonly failed: (problem: string) => void
  readonly limits?: Partial<ReviewLimits> | undefined
}

/** Sends one kind of review to an API server, with bounded concurrency and a circuit breaker. */
export function createReviewClient(
  { dependency, path, permission }: ReviewKind,
  { api, observer, failed, limits: given }: ReviewParts,
): ReviewClient {
  const limits = { ...REVIEW_LIMITS, ...given }
  const queue = createFairQueue(limits)
  const circuitBreaker = createCircuitBreaker(limits)

  return {
    ask: async (queueKey, body) => {
      if (circuitBreaker.isOpen()) return UNAVAILABLE
      const signal = AbortSignal.timeout(limits.callMs)
      const outcome = await queue.run(queueKey, () => ask(body, signal))
      if (outcome === undefined) observer.shed(`${dependency}-queue`)
      return outcome ?? OVERLOADED
    },
  }

  async function ask(body: unknown, signal: AbortSignal): Promise<Outcome> {
    if (signal.aborted || circuitBreaker.isOpen()) return UNAVAILABLE
    const begun = performance.now()
    const count = (result: 'success' | 'error' | 'timeout') =>
      observer.asked({ dependency, result, seconds: (performance.now() - begun) / 1_000 })
    try {
      const content = await api.send({ method: 'POST', path, body, signal })
      circuitBreaker.succeeded()
      count('success')
      return { kind: 'answered', content }
    } catch (error) {
      count(signal.aborted ? 'timeout' : 'error')
      failed(signal.aborted ? TOO_LATE : describeApiProblem(error, permission))
      if (!isAboutTheBody(error)) circuitBreaker.failed(begun, askedMs(error))
      return UNAVAILABLE
    }
  }
}

const OVERLOADED: Outcome = { kind: 'overloaded' }
const TOO_LATE = 'the API server did not answer in time'
const UNAVAILABLE: Outcome = { kind: 'unavailable' }

/** An error about one body says nothing about the next. */
const isAboutTheBody = (error: unknown): boolean =>
  error instanceof ApiError && [400, 413, 422].includes(error.status)

const askedMs = (error: unknown): number => (error instanceof ApiError ? error.retryAfterMs : 0)
