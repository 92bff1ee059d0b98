// Writes the conditions of one policy by server-side apply.

import type { Policy } from '../../access/policy.ts'
import { isRecord } from '../../common/json.ts'
import type { Fields } from '../../resources/object.ts'
import { describeApiProblem } from '../client/api-problem.ts'
import { ApiError, type ApiServer } from '../client/api-server.ts'
import { type StatusCondition, withTransitionTimes } from './conditions.ts'

export const API_VERSION = 'kserve-authz.io/v1alpha1'
export const KIND = 'AccessPolicy'

export const STATUS_CALL_MS = 5_000

/** A policy, and the object it was read from. */
type Applied = { readonly content: Fields; readonly policy: Pick<Policy, 'namespace' | 'name'> }

export type Failure = {
  readonly problem: string
  /** Whether the API server refuses this object only. */
  readonly isOwn: boolean
}

/** For example an object that its status makes too large. */
const REFUSED: ReadonlySet<number> = new Set([400, 413, 422])

/** Applies the conditions (server-side apply). `undefined`: success. */
export async function applyStatus(
  api: Pick<ApiServer, 'send'>,
  { content, policy: { namespace, name } }: Applied,
  conditions: readonly StatusCondition[],
  signal: AbortSignal,
): Promise<Failure | undefined> {
  const { uid } = isRecord(content.metadata) ? content.metadata : {}
  const path = `/apis/${API_VERSION}/namespaces/${namespace}/accesspolicies/${name}/status`
  try {
    await api.send({
      method: 'PATCH',
      path: `${path}?fieldManager=kserve-authz&force=true`,
      contentType: 'application/apply-patch+yaml',
      body: {
        apiVersion: API_VERSION,
        kind: KIND,
        // For exactly this object, not a new one of the same name.
        metadata: { namespace, name, uid },
        status: { conditions: withTransitionTimes(content, conditions, new Date()) },
      },
      signal: AbortSignal.any([signal, AbortSignal.timeout(STATUS_CALL_MS)]),
    })
    return undefined
  } catch (error) {
    const status = error instanceof ApiError ? error.status : 0
    // It was deleted or replaced: the watch will report it.
    if (status === 404 || status === 409) return undefined
    const problem = describeApiProblem(error, 'patch accesspolicies/status.kserve-authz.io')
    return { problem, isOwn: REFUSED.has(status) }
  }
}
