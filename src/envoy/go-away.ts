// Closes an HTTP/2 connection gracefully.

import type { Http2Session } from 'node:http2'
import type { Socket } from 'node:net'
import type { HeldConnection } from './held-connection.ts'

/** Between GOAWAY and close: a request may be on its way. */
const LEAVE_MS = 1_000
/** From close until the remaining requests are ended, such as a health watch. */
const END_MS = 10_000
/** With TLS, a connection without a request for this long has hardly one on its way, in milliseconds. */
const CALM_MS = 1_000
const NO_ERROR = 0
const LAST_STREAM = 2 ** 31 - 1

/** A whole GOAWAY frame with these two values (RFC 9113 sections 4.1 and 6.8). */
const NOTICE = Buffer.of(0, 0, 8, 7, 0, 0, 0, 0, 0, 0x7f, 0xff, 0xff, 0xff, 0, 0, 0, 0)

type Session = Pick<
  Http2Session,
  'destroyed' | 'closed' | 'encrypted' | 'pendingSettingsAck' | 'goaway' | 'close' | 'destroy'
>

/**
 * Closes a connection gracefully: the peer is told first, and its requests until then are answered. After a GOAWAY of
 * its own, nghttp2 reads no further request, so the frame is written past it, as a write between two others. Within TLS
 * that is not possible: a request that is on its way at that moment is lost. Nor is it before the settings, which must
 * be the first frame. See docs/http2-goaway.md.
 */
export function goAway(session: Session, socket: Pick<Socket, 'write'>) {
  if (session.destroyed || session.closed) return
  if (session.encrypted === false && !session.pendingSettingsAck) socket.write(NOTICE)
  else session.goaway(NO_ERROR, LAST_STREAM)
  setTimeout(() => {
    if (session.destroyed) return
    session.close()
    setTimeout(() => session.destroy(), END_MS).unref()
  }, LEAVE_MS).unref()
}

/** Whether `goAway` may lose a request now: one that need not leave yet can wait. `now`: as `performance.now()`. */
export const mayLose = (
  { session, streams, idleSince }: Pick<HeldConnection, 'session' | 'streams' | 'idleSince'>,
  now: number,
): boolean => session?.encrypted === true && (streams > 0 || now - idleSince < CALM_MS)
