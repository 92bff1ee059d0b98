// Takes checks from the HTTP/2 session, before grpc-js makes its objects for each call.

import type { Http2Session, IncomingHttpHeaders, ServerHttp2Stream } from 'node:http2'
import { deadlineOf } from './grpc-timeout.ts'

/** Begins the checks of one session. `deadline`: as `Date.now()`. */
type BeginOn = (session: Http2Session) => (stream: ServerHttp2Stream, deadline: number) => void

type StreamEvent = [ServerHttp2Stream, IncomingHttpHeaders, ...unknown[]]

/**
 * Takes the further checks of a session from grpc-js, which costs as much for a call as the whole decision. Everything
 * else stays with grpc-js: other methods, and headers that are not as expected.
 */
export function createDirectChecks(checkPath: string, beginOn: BeginOn) {
  const known = new WeakSet<Http2Session>()
  return (session: Http2Session) => {
    if (known.has(session)) return
    known.add(session)
    const begin = beginOn(session)
    const others = session.listeners('stream')
    session.removeAllListeners('stream')
    session.on('stream', (...event: StreamEvent) => {
      const [stream, headers] = event
      const deadline = isCheck(headers, checkPath) ? deadlineOf(headers['grpc-timeout']) : undefined
      if (deadline !== undefined) begin(stream, deadline)
      else for (const each of others) Reflect.apply(each, session, event)
    })
  }
}

const isCheck = (headers: IncomingHttpHeaders, checkPath: string): boolean =>
  headers[':path'] === checkPath && headers['content-type']?.startsWith('application/grpc') === true
