// The operation of a request as the model sees it, which rules are compared with.

import { pathOf } from '../common/path.ts'
import { peerOf } from './mesh-peer.ts'
import type { AccessRequest } from './request.ts'
import type { Operation } from './rule.ts'
import type { Target } from './target.ts'

export const operationAtModel = (request: AccessRequest, target: Target): Operation => ({
  method: request.method,
  path: pathAtModel(request, target),
  peer: peerOf(request),
})

/** The path as the model sees it. */
export function pathAtModel(request: AccessRequest, { pathPrefix }: Target): string {
  const path = pathOf(request.path)
  return pathPrefix === '' ? path : path.slice(pathPrefix.length) || '/'
}
