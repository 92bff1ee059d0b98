// Removes what surrounds the payload of a frame: RFC 9113 sections 6.1 to 6.3.

import { FLAG, LAST_STREAM } from './protocol.ts'

/** The bytes of a priority. */
export const PRIORITY_BYTES = 5

/** `undefined`: there is more padding than payload. */
export function withoutPadding(flags: number, payload: Buffer): Buffer | undefined {
  if ((flags & FLAG.padded) === 0) return payload
  const end = payload.length - (payload[0] ?? 0)
  return end < 1 ? undefined : payload.subarray(1, end)
}

/** Whether a stream would depend on itself. Priorities are not followed. */
export const dependsOnItself = (id: number, priority: Buffer): boolean =>
  (priority.readUInt32BE() & LAST_STREAM) === id
