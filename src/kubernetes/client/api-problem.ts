import { ApiError } from './api-server.ts'

export const UNREACHABLE = 'the API server cannot be reached'

export const isForbidden = (error: unknown): boolean =>
  error instanceof ApiError && error.status === 403

/** A missing permission as RBAC would grant it: a verb and a resource. */
export const missingPermission = (permission: string): string => `missing permission: ${permission}`

/** Why the API server gave no answer of use, in a fixed sentence; `permission` is what a 403 says is missing. */
export function describeApiProblem(error: unknown, permission: string): string {
  if (!(error instanceof ApiError)) return UNREACHABLE
  return isForbidden(error) ? missingPermission(permission) : error.message
}

/** The sentence of an error of our own about an answer that cannot be read. */
export const answerProblem = (error: unknown): string | undefined =>
  error instanceof Error && !(error instanceof ApiError) && error.message.includes('API server')
    ? error.message
    : undefined
