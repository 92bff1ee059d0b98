// Calls another program with a fair queue, a timeout and a circuit breaker.

import { type CircuitBreakerPeriods, createCircuitBreaker } from './circuit-breaker.ts'
import { createFairQueue, type QueueKey, type QueueLimits } from './fair-queue.ts'
import type { DependencyCall } from './measurements.ts'

/** Counts calls to other programs, and shed ones. */
export type Observer = {
  readonly asked: (asked: DependencyCall) => void
  /** A call was shed. */
  readonly shed: (cause: string) => void
}

type Outcome<Content> =
  | { readonly kind: 'answered'; readonly content: Content }
  /** It was shed, or waited too long to be of use. */
  | { readonly kind: 'overloaded' }
  /** There was no answer, or the circuit breaker is open. */
  | { readonly kind: 'unavailable' }

export type DependencyCalls<Question, Content> = {
  /** Never rejects. */
  readonly ask: (queueKey: QueueKey, question: Question) => Promise<Outcome<Content>>
}

export type CallLimits = QueueLimits &
  CircuitBreakerPeriods & {
    /**
     * Timeout of one call, including its wait, in milliseconds: longer than any request waits, so that a
     * retry finds the answer.
     */
    readonly callMs: number
  }

export const CALL_LIMITS: CallLimits = {
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

type DependencyParts<Question, Content> = {
  /** The name in metrics. */
  readonly dependency: string
  readonly send: (question: Question, signal: AbortSignal) => Promise<Content>
  /** What an error means. */
  readonly read: (error: unknown) => CallError
  /** The problem if there was no answer in time. */
  readonly late: string
  readonly observer: Observer
  /** Called for each failure, with a fixed sentence. */
  readonly failed: (problem: string) => void
  readonly limits?: Partial<CallLimits> | undefined
}

export type CallError = {
  /** A fixed sentence. */
  readonly problem: string
  /** Whether it is about this question only, and says nothing about the next. */
  readonly isAboutTheQuestion: boolean
  /** The wait that the program asks for in milliseconds; 0: none. */
  readonly retryAfterMs: number
}

/** Calls one program with bounded concurrency and a circuit breaker. */
export function createDependencyCalls<Question, Content>(
  parts: DependencyParts<Question, Content>,
): DependencyCalls<Question, Content> {
  const { dependency, observer, failed } = parts
  const limits = { ...CALL_LIMITS, ...parts.limits }
  const queue = createFairQueue(limits)
  const circuitBreaker = createCircuitBreaker(limits)

  return {
    ask: async (queueKey, question) => {
      if (circuitBreaker.isOpen()) return UNAVAILABLE
      const signal = AbortSignal.timeout(limits.callMs)
      const outcome = await queue.run(queueKey, () => ask(question, signal))
      if (outcome === undefined) observer.shed(`${dependency}-queue`)
      return outcome ?? OVERLOADED
    },
  }

  async function ask(question: Question, signal: AbortSignal): Promise<Outcome<Content>> {
    if (signal.aborted || circuitBreaker.isOpen()) return UNAVAILABLE
    const begun = performance.now()
    const count = (result: 'success' | 'error' | 'timeout') =>
      observer.asked({ dependency, result, seconds: (performance.now() - begun) / 1_000 })
    try {
      const content = await parts.send(question, signal)
      circuitBreaker.succeeded()
      count('success')
      return { kind: 'answered', content }
    } catch (error) {
      const { problem, isAboutTheQuestion, retryAfterMs } = parts.read(error)
      count(signal.aborted ? 'timeout' : 'error')
      failed(signal.aborted ? parts.late : problem)
      if (!isAboutTheQuestion) circuitBreaker.failed(begun, retryAfterMs)
      return UNAVAILABLE
    }
  }
}

const OVERLOADED: Outcome<never> = { kind: 'overloaded' }
const UNAVAILABLE: Outcome<never> = { kind: 'unavailable' }

/** Statuses about the body of one request (RFC 9110 section 15.5). */
export const isAboutTheBody = (status: number): boolean => [400, 413, 422].includes(status)
