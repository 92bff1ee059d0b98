// Closes an HTTP/2 connection gracefully.

import type { Http2Session } from 'node:http2'

/** Between GOAWAY and close: a request may be on its way. */
const LEAVE_MS = 1_000
/** From close until the remaining requests are ended, such as a health watch. */
const END_MS = 10_000
const NO_ERROR = 0
const LAST_STREAM = 2 ** 31 - 1

/** Closes a connection gracefully: the peer is told first, and its requests until then are answered. */
export function goAway(
  session: Pick<Http2Session, 'destroyed' | 'closed' | 'goaway' | 'close' | 'destroy'>,
) {
  if (session.destroyed || session.closed) return
  session.goaway(NO_ERROR, LAST_STREAM)
  setTimeout(() => {
    if (session.destroyed) return
    session.close()
    setTimeout(() => session.destroy(), END_MS).unref()
  }, LEAVE_MS).unref()
}
