import type { Policy } from '../access/policy.ts'
import { ApiError, type ApiServer } from './api-server.ts'
import { type Said, timed } from './conditions.ts'
import { type Fields, isFields } from './fields.ts'

export const API_VERSION = 'kserve-authz.io/v1alpha1'
export const KIND = 'AccessPolicy'

const CALL_MS = 5_000

/** A policy, and the object that it was read from. */
type Applied = { readonly content: Fields; readonly policy: Policy }

/** Server-side apply of the conditions alone. Why it failed; `undefined`: it did not. */
export async function applyStatus(
  api: Pick<ApiServer, 'send'>,
  { content, policy: { namespace, name } }: Applied,
  conditions: readonly Said[],
  signal: AbortSignal,
): Promise<string | undefined> {
  const { uid } = isFields(content.metadata) ? content.metadata : {}
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
        status: { conditions: timed(content, conditions, new Date()) },
      },
      signal: AbortSignal.any([signal, AbortSignal.timeout(CALL_MS)]),
    })
    return undefined
  } catch (error) {
    if (!(error instanceof ApiError)) return 'the API server cannot be reached'
    // Gone, or another one: the watch will say so.
    if (error.status === 404 || error.status === 409) return undefined
    return error.status === 403
      ? 'missing permission: patch accesspolicies/status.kserve-authz.io'
      : error.message
  }
}
