// Sends reviews to the API server, with a fair queue and a circuit breaker.

import {
  type CallError,
  type CallLimits,
  createDependencyCalls,
  type DependencyCalls,
  isAboutTheBody,
  type Observer,
} from '../../common/dependency-calls.ts'
import { describeApiProblem } from '../client/api-problem.ts'
import { ApiError, type ApiServer } from '../client/api-server.ts'

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
  readonly limits?: Partial<CallLimits> | undefined
}

/** Sends one kind of review to an API server, with bounded concurrency and a circuit breaker. */
export const createReviewClient = (
  { dependency, path, permission }: ReviewKind,
  { api, ...parts }: ReviewParts,
): DependencyCalls<unknown, unknown> =>
  createDependencyCalls({
    ...parts,
    dependency,
    send: (body, signal) => api.send({ method: 'POST', path, body, signal }),
    read: (error) => readError(error, permission),
    late: 'the API server did not answer in time',
  })

const readError = (error: unknown, permission: string): CallError => ({
  problem: describeApiProblem(error, permission),
  isAboutTheQuestion: error instanceof ApiError && isAboutTheBody(error.status),
  retryAfterMs: error instanceof ApiError ? error.retryAfterMs : 0,
})
