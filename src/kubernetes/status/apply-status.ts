import type { Policy } from '../../access/policy.ts'
import { isRecord } from '../../common/json.ts'
import type { Fields } from '../../resources/object.ts'
import { describeApiProblem } from '../client/api-problem.ts'
import { ApiError, type ApiServer } from '../client/api-server.ts'
import { type StatusCondition, withTransitionTimes } from './conditions.ts'

export const API_VERSION = 'kserve-authz.io/v1alpha1'
export const KIND = 'AccessPolicy'

export const STATUS_CALL_MS = 5_000

/** A policy, and the object that it was read from. */
type Applied = { readonly content: Fields; readonly policy: Pick<Policy, 'namespace' | 'name'> }

export type Failure = {
  readonly problem: string
  /** Whether it is this object alone that the API server refuses. */
  readonly isOwn: boolean
}

/** Such as an object that is too large with a status. */
const REFUSED: ReadonlySet<number> = new Set([400, 413, 422])

/** Server-side apply of the conditions alone. `undefined`: it did not fail. */
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
        // Of the very object that was read, not of one that has got its name since.
        metadata: { namespace, name, uid },
        status: { conditions: withTransitionTimes(content, conditions, new Date()) },
      },
      signal: AbortSignal.any([signal, AbortSignal.timeout(STATUS_CALL_MS)]),
    })
    return undefined
  } catch (error) {
    const status = error instanceof ApiError ? error.status : 0
    // Gone, or another one: the watch will say so.
    if (status === 404 || status === 409) return undefined
    const problem = describeApiProblem(error, 'patch accesspolicies/status.kserve-authz.io')
    return { problem, isOwn: REFUSED.has(status) }
  }
}
