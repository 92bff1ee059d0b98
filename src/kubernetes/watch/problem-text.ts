import { ApiError } from '../client/api-server.ts'
import type { WatchedKind } from './watched-kinds.ts'

/** Why a collection cannot be read, in a fixed sentence that holds nothing of what was received. */
export function describeProblem(error: unknown, collection: WatchedKind): string {
  if (error instanceof ApiError) return describeStatus(error.status, collection)
  if (error instanceof Error && error.message.includes('API server')) return error.message
  const code = codeOf(error)
  return code === undefined
    ? 'the API server cannot be reached'
    : `the API server cannot be reached (${code})`
}

/** A missing permission is named with verb and resource, as a ClusterRole or Role would grant it. */
function describeStatus(status: number, { resource, apiVersion, namespace }: WatchedKind) {
  if (status === 401) return 'the API server answered with status 401: our token is not valid'
  if (status === 410) return 'the API server no longer knows what has changed: all is read again'
  if (status === 404) return `the API server has ${resource} in no version that is known here`
  if (status !== 403) return `the API server answered with status ${status}`
  const [group] = apiVersion.includes('/') ? apiVersion.split('/') : []
  const name = group === undefined ? resource : `${resource}.${group}`
  const where = namespace === undefined ? '' : ` in namespace ${namespace}`
  return `missing permission: list and watch ${name}${where}`
}

/** Such as ECONNREFUSED, or a fault of a certificate. */
function codeOf(error: unknown): string | undefined {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  return typeof code === 'string' && /^[A-Z_0-9]+$/.test(code) ? code : undefined
}
