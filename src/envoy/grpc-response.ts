// Answers a unary gRPC call on its HTTP/2 stream: gRPC over HTTP/2, "Responses".

import type { ServerHttp2Stream } from 'node:http2'
import type { status } from '@grpc/grpc-js'
import { FRAME_BYTES } from './arrival.ts'

const HEADERS = [':status', '200', 'content-type', 'application/grpc']
const WITH_TRAILERS = { waitForTrailers: true, sendDate: false }
const WITHOUT_MESSAGE = { endStream: true, sendDate: false }
const OK = { 'grpc-status': '0' }
/** Of the length in the header of a message; the first byte says that it is not compressed. */
const LENGTH_AT = 1

/** Sends a message and gRPC's OK, unless the stream has an answer or is closed. */
export function respond(stream: ServerHttp2Stream, message: Buffer): void {
  if (isOver(stream)) return
  stream.respond(HEADERS, WITH_TRAILERS)
  stream.on('wantTrailers', sendOk)
  const frame = Buffer.allocUnsafe(FRAME_BYTES + message.length)
  frame.writeUInt8(0, 0)
  frame.writeUInt32BE(message.length, LENGTH_AT)
  message.copy(frame, FRAME_BYTES)
  stream.end(frame)
}

/** Sends an error without a message, unless the stream has an answer or is closed. `details`: printable ASCII. */
export function respondError(stream: ServerHttp2Stream, code: status, details: string): void {
  if (isOver(stream)) return
  const ending = ['grpc-status', String(code), 'grpc-message', details]
  stream.respond([...HEADERS, ...ending], WITHOUT_MESSAGE)
}

const isOver = ({ destroyed, closed, headersSent }: ServerHttp2Stream): boolean =>
  destroyed || closed || headersSent

function sendOk(this: ServerHttp2Stream): void {
  this.sendTrailers(OK)
}
