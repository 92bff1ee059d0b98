// Answers checks that are over a limit, without reading them.

import type { DenyReason } from '../access/decision.ts'
import { deny } from '../access/decision.ts'
import type { Position } from '../access/request.ts'
import type { GrpcShed } from './bounds.ts'
import { type CheckParts, encodeAnswer } from './check-handler.ts'
import { CHECK_PATH, UNREADABLE } from './protocol.ts'
import { readCheckRequest } from './read-request.ts'

const REASONS = {
  'grpc-message-size': 'unsupported-request',
  'grpc-message-compressed': 'unsupported-request',
  'grpc-message-late': 'deadline-exceeded',
  'grpc-streams': 'overloaded',
  'grpc-memory': 'overloaded',
  'grpc-watches': 'overloaded',
} as const satisfies Partial<Record<GrpcShed, DenyReason>>

/** Why a request is not read. */
export type RequestShed = keyof typeof REASONS

/** Answers checks without reading them; `undefined`: not a check. */
export function createRefuse(
  position: Position,
  { encode, observe, report }: Pick<CheckParts, 'encode' | 'observe' | 'report'>,
) {
  const incoming = readCheckRequest(UNREADABLE, position)
  return (path: string, cause: RequestShed): Buffer | undefined => {
    if (path !== CHECK_PATH) return undefined
    const answer = { decision: deny(REASONS[cause]), target: undefined, caller: undefined }
    try {
      observe({ incoming, answer, seconds: 0 })
    } catch (fault) {
      report(fault)
    }
    return encodeAnswer(encode, incoming, answer)
  }
}
