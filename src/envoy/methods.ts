// Finds the method of a request, and rejects what is not a call.

import type { RequestHead } from '../http2/request-head.ts'
import type { Method } from './arrival.ts'
import { errorHead, httpHead } from './grpc-response.ts'
import { status } from './grpc-status.ts'
import { deadlineOf } from './grpc-timeout.ts'

/** A call, or the header block that rejects it. `deadline`: as `Date.now()`. */
export type FoundMethod =
  | { readonly method: Method; readonly deadline: number }
  | { readonly error: Buffer }

const METHOD_NOT_ALLOWED = { error: httpHead(405) }
const UNSUPPORTED_MEDIA_TYPE = { error: httpHead(415) }
const UNIMPLEMENTED = { error: errorHead(status.UNIMPLEMENTED, 'this method does not exist') }
const BAD_TIMEOUT = { error: errorHead(status.INTERNAL, 'the header grpc-timeout is not valid') }

export function createFindMethod(methods: readonly Method[]): (head: RequestHead) => FoundMethod {
  const byPath = new Map(methods.map((method) => [method.path, method]))
  return ({ method: verb, path, contentType, timeout }) => {
    if (contentType?.startsWith('application/grpc') !== true) return UNSUPPORTED_MEDIA_TYPE
    if (verb !== 'POST') return METHOD_NOT_ALLOWED
    const method = byPath.get(path)
    if (method === undefined) return UNIMPLEMENTED
    const deadline = deadlineOf(timeout)
    return deadline === undefined ? BAD_TIMEOUT : { method, deadline }
  }
}
