import type { Http2Session } from 'node:http2'

/** Between GOAWAY and the end: a request may be on its way. */
const LEAVE_MS = 1_000
/** From there until what is still under way is ended, such as a watch of health. */
const END_MS = 10_000
const NO_ERROR = 0
const LAST_STREAM = 2 ** 31 - 1

/** Ends a connection. The peer learns of it before, and what it has sent until then is answered. */
export function goAway(session: Http2Session) {
  if (session.destroyed || session.closed) return
  session.goaway(NO_ERROR, LAST_STREAM)
  setTimeout(() => {
    if (session.destroyed) return
    session.close()
    setTimeout(() => session.destroy(), END_MS).unref()
  }, LEAVE_MS).unref()
}
