import type { Http2Session } from 'node:http2'
import type { Socket } from 'node:net'

/** Between GOAWAY and the end: a request may be on its way. */
const LEAVE_MS = 1_000
const NO_ERROR = 0
const LAST_STREAM = 2 ** 31 - 1

/** Ends a connection. The peer learns of it before, and what it has sent until then is answered. */
export function goAway(session: Http2Session | undefined, socket: Socket) {
  if (session === undefined || session.destroyed || session.closed) {
    socket.destroy()
    return
  }
  session.goaway(NO_ERROR, LAST_STREAM)
  setTimeout(() => {
    if (!session.destroyed) session.close()
  }, LEAVE_MS).unref()
}
