// Describes why a collection cannot be read.

import { errorCode } from '../../common/error-code.ts'
import { answerProblem, describeApiProblem, UNREACHABLE } from '../client/api-problem.ts'
import { ApiError } from '../client/api-server.ts'
import type { WatchedKind } from './watched-kinds.ts'

/** Why a collection cannot be read: a fixed sentence without received text. */
export function describeProblem(error: unknown, collection: WatchedKind): string {
  if (error instanceof ApiError) return describeStatus(error, collection)
  const code = codeOf(error)
  return answerProblem(error) ?? (code === undefined ? UNREACHABLE : `${UNREACHABLE} (${code})`)
}

/** Names a missing permission with verb and resource, as a ClusterRole or Role grants it. */
function describeStatus(error: ApiError, { resource, apiVersion, namespace }: WatchedKind) {
  const { status } = error
  if (status === 401)
    return 'the API server answered with status 401: the token of this program is not valid'
  if (status === 410)
    return 'the API server no longer has the changes since the last one; everything is read again'
  if (status === 404) return `the API server has no supported version of ${resource}`
  const [group] = apiVersion.includes('/') ? apiVersion.split('/') : []
  const name = group === undefined ? resource : `${resource}.${group}`
  const where = namespace === undefined ? '' : ` in namespace ${namespace}`
  return describeApiProblem(error, `list and watch ${name}${where}`)
}

/** For example ECONNREFUSED, or the code of a certificate error. */
function codeOf(error: unknown): string | undefined {
  const code = errorCode(error)
  return code !== undefined && /^[A-Z_0-9]+$/.test(code) ? code : undefined
}
