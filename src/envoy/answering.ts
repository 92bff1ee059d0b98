// Answers a check as soon as its message is there.

import type { Http2Session } from 'node:http2'
import {
  type handleUnaryCall,
  Metadata,
  type ServerInterceptingCall,
  type ServerInterceptor,
  status,
} from '@grpc/grpc-js'
import { streamOf } from './http2-stream.ts'
import type { CheckHandler } from './protocol.ts'

type Call = Parameters<ServerInterceptor>[1]

/** Of a peer. */
const PORT = /:\d+$/
const OK = { code: status.OK, details: 'OK', metadata: null }
export const NO_MESSAGE = 'the request has no message'

const UNIMPLEMENTED = { code: status.UNIMPLEMENTED, details: NO_MESSAGE, metadata: null }

/**
 * Calls the handler of checks itself, and takes the further checks of the session. grpc-js would first wait for the end of the request, then for its message
 * to be written, and would make an object for each call with an event emitter: a tenth of a check.
 */
export const createAnswering =
  (
    checkPath: string,
    handle: CheckHandler,
    takeChecks: (session: Http2Session) => void,
  ): ServerInterceptor =>
  ({ path }, call) => {
    if (path !== checkPath) return only(call)
    const session = streamOf(call)?.session
    if (session !== undefined) takeChecks(session)
    return answerAtMessage(call, handle)
  }

function answerAtMessage(call: Call, handle: CheckHandler): ServerInterceptingCall {
  let isThere = false
  const listener = {
    onReceiveMetadata: () => call.startRead(),
    onReceiveMessage: (request: Buffer) => {
      isThere = true
      handle(checkOf(call, request), (_error, bytes) => sendAnswer(call, bytes))
      // For the end of the request, and to see a second message.
      call.startRead()
    },
    onReceiveHalfClose: () => {
      if (!isThere) call.sendStatus(UNIMPLEMENTED)
    },
    onCancel: () => {},
  }
  return only({ start: () => call.start(listener) })
}

/** The handler of checks for a server without this interceptor. */
export const unary =
  (handle: CheckHandler): handleUnaryCall<Buffer, Buffer> =>
  (call, callback) =>
    handle(checkOf(call, call.request), callback)

const checkOf = (call: Pick<Call, 'getPeer' | 'getDeadline'>, request: Buffer) => ({
  request,
  peerAddress: call.getPeer().replace(PORT, ''),
  deadline: Number(call.getDeadline()),
})

/** Sends the whole answer in one turn. */
export function sendAnswer(call: Call, bytes: Buffer): void {
  call.sendMetadata(new Metadata())
  call.sendMessage(bytes, () => {})
  call.sendStatus(OK)
}

/**
 * The part of a call that is used. grpc-js starts a call, and uses its other methods only if its own listener
 * is called. A wrapper of its class costs a tenth of a check.
 */
export const only = (call: Pick<Call, 'start'>): ServerInterceptingCall =>
  call as unknown as ServerInterceptingCall
