// Describes errors of the API server in fixed sentences.

import { errorCode } from '../../common/error-code.ts'
import { ApiError } from './api-server.ts'

export const UNREACHABLE = 'the API server cannot be reached'

export const isForbidden = (error: unknown): boolean =>
  error instanceof ApiError && error.status === 403

/** A missing permission in RBAC's terms: a verb and a resource. */
export const missingPermission = (permission: string): string => `missing permission: ${permission}`

/** Why a call to the API server failed, in a fixed sentence; `permission`: what a 403 means is missing. */
export function describeApiProblem(error: unknown, permission: string): string {
  if (!(error instanceof ApiError)) return UNREACHABLE
  return isForbidden(error) ? missingPermission(permission) : error.message
}

/** The message of this program's own errors about unreadable answers. */
export const answerProblem = (error: unknown): string | undefined =>
  error instanceof Error && !(error instanceof ApiError) && error.message.includes('API server')
    ? error.message
    : undefined

/** The codes of connection errors that another attempt may not meet. */
const TRANSIENT: ReadonlySet<unknown> = new Set([
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'EAI_AGAIN',
  'ABORT_ERR',
])

/** Whether another attempt would fail in the same way: credentials, permissions, or an address without a server. */
export const isLasting = (error: unknown): boolean =>
  error instanceof ApiError
    ? error.status === 401 || error.status === 403
    : answerProblem(error) === undefined && !TRANSIENT.has(errorCode(error))
