// The header blocks of gRPC's answers: gRPC over HTTP/2, "Responses", and RFC 7541 section 6.2.2.

import { type Arrival, FRAME_BYTES } from './arrival.ts'

/** `:status: 200`, an index of the static table. */
const STATUS_200 = Buffer.of(0x88)
/** A literal that stays out of the table, with a name of its own. */
const LITERAL = 0
/** The most that fits into the first byte of a length. */
const SHORT = 127

/** A field that stays out of the table. `value`: printable ASCII. */
function literal(name: string, value: string): Buffer {
  return Buffer.concat([Buffer.of(LITERAL), text(name), text(value)])
}

function text(characters: string): Buffer {
  const bytes = Buffer.from(characters, 'latin1')
  const length: number[] = []
  if (bytes.length < SHORT) length.push(bytes.length)
  else {
    length.push(SHORT)
    let rest = bytes.length - SHORT
    for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) length.push(0x80 + (rest % 0x80))
    length.push(rest)
  }
  return Buffer.concat([Buffer.from(length), bytes])
}

/** Begins the answer to a call. */
export const HEAD = Buffer.concat([STATUS_200, literal('content-type', 'application/grpc')])
/** Ends an answer with OK. */
export const OK_TRAILERS = literal('grpc-status', '0')

/** An answer without a message. `details`: printable ASCII. */
export const errorHead = (code: number, details: string): Buffer =>
  Buffer.concat([
    HEAD,
    literal('grpc-status', String(code)),
    ...(details === '' ? [] : [literal('grpc-message', details)]),
  ])

/** An answer to a request that is not a call of gRPC. */
export const httpHead = (code: number): Buffer => literal(':status', String(code))

/** A message as data. The first byte says that it is not compressed. */
export function frameOfMessage(message: Buffer): Buffer {
  const frame = Buffer.allocUnsafe(FRAME_BYTES + message.length)
  frame[0] = 0
  frame.writeUInt32BE(message.length, 1)
  message.copy(frame, FRAME_BYTES)
  return frame
}

/** Answers a call with a message and OK, unless it has an answer. */
export const respond = ({ http2, stream }: Arrival, message: Buffer): void =>
  http2.answer(stream, HEAD, frameOfMessage(message), OK_TRAILERS)
