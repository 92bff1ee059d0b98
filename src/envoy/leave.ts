// Closes a connection gracefully: RFC 9113 section 6.8.

import type { HeldConnection } from './held-connection.ts'

/** Between the warning that a connection closes and its closing: a request may be on its way. */
const LEAVE_MS = 1_000
/** From then until the remaining requests are ended, such as a health watch. */
const END_MS = 10_000

/** Requests that are on their way are answered. Once per connection, after its first request. */
export function leave(held: HeldConnection) {
  const { http2, socket } = held
  if (http2 === undefined || held.endsAt === undefined) return
  held.endsAt = undefined
  http2.warn()
  setTimeout(() => {
    http2.close()
    setTimeout(() => socket.destroy(), END_MS).unref()
  }, LEAVE_MS).unref()
}
