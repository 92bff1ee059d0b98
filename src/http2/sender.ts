// Sends frames, within the windows that the client grants: RFC 9113 section 5.2.

import type { Output } from './output.ts'
import {
  ERROR,
  type ErrorCode,
  FIRST_WINDOW,
  FLAG,
  FRAME,
  FRAME_HEADER_BYTES,
  frameOf,
  GREATEST_WINDOW,
  writeFrameHeader,
} from './protocol.ts'
import { type ClientSettings, FIRST_SETTINGS } from './settings.ts'
import type { ServerStream } from './stream.ts'
import type { StreamTable } from './stream-table.ts'

const NOTHING = Buffer.alloc(0)
/** A header block that says that the table is empty from now on (RFC 7541 section 6.3). */
const NO_TABLE = Buffer.of(0x20)

/**
 * Sends on the streams of one connection. `ended`: called when an answer is sent whole. Header blocks must be whole
 * and use no dynamic table.
 */
export function createSender<State>(
  output: Output,
  streams: StreamTable<State>,
  ended: (stream: ServerStream<State>) => void,
) {
  let client = FIRST_SETTINGS
  let window = FIRST_WINDOW
  /** The client wants a smaller table than there is, which the next block must confirm. */
  let mustResize = false

  const send = (type: number, flags: number, id: number, payload: Buffer) =>
    output.add(frameOf(type, flags, id, payload))

  const sendNumbers = (type: number, id: number, ...numbers: readonly number[]) => {
    const payload = Buffer.allocUnsafe(numbers.length * 4)
    for (const [index, number] of numbers.entries()) payload.writeUInt32BE(number, index * 4)
    send(type, 0, id, payload)
  }

  const sendBlock = (id: number, block: Buffer, isEnd: boolean) => {
    const flags = FLAG.endHeaders | (isEnd ? FLAG.endStream : 0)
    send(FRAME.headers, flags, id, mustResize ? Buffer.concat([NO_TABLE, block]) : block)
    mustResize = false
  }

  const finish = (stream: ServerStream<State>) => {
    stream.localClosed = true
    stream.trailers = undefined
    ended(stream)
  }

  function sendHead(stream: ServerStream<State>, block: Buffer, isAll: boolean) {
    if (stream.headersSent || stream.localClosed) return
    stream.headersSent = true
    sendBlock(stream.id, block, isAll)
    if (isAll) finish(stream)
  }

  /** With trailers it is the last data. */
  function sendData(stream: ServerStream<State>, data: Buffer, trailers?: Buffer) {
    if (!stream.headersSent || stream.localClosed) return
    if (data.length > 0) stream.waiting.push(data)
    stream.trailers = trailers
    pump(stream)
  }

  /** Sends what waits, as far as the windows allow. */
  function pump(stream: ServerStream<State>) {
    const [next = NOTHING] = stream.waiting
    for (let data = next; data.length > 0; data = stream.waiting[0] ?? NOTHING) {
      const most = Math.min(window, stream.sendWindow, client.maxFrameBytes)
      if (most <= 0) return
      const part = data.subarray(0, most)
      send(FRAME.data, 0, stream.id, part)
      window -= part.length
      stream.sendWindow -= part.length
      if (part.length === data.length) stream.waiting.shift()
      else stream.waiting[0] = data.subarray(part.length)
    }
    if (stream.trailers === undefined) return
    sendBlock(stream.id, stream.trailers, true)
    finish(stream)
  }

  /** Sends a whole answer, in one buffer if the windows allow: the path of nearly all answers. */
  function answer(stream: ServerStream<State>, head: Buffer, data: Buffer, trailers: Buffer) {
    if (stream.headersSent || stream.localClosed) return
    const most = Math.min(window, stream.sendWindow, client.maxFrameBytes)
    if (mustResize || data.length > most) {
      sendHead(stream, head, false)
      sendData(stream, data, trailers)
      return
    }
    const { id } = stream
    const dataAt = FRAME_HEADER_BYTES + head.length
    const trailersAt = dataAt + FRAME_HEADER_BYTES + data.length
    const bytes = Buffer.allocUnsafe(trailersAt + FRAME_HEADER_BYTES + trailers.length)
    writeFrameHeader(bytes, 0, head.length, FRAME.headers, FLAG.endHeaders, id)
    head.copy(bytes, FRAME_HEADER_BYTES)
    writeFrameHeader(bytes, dataAt, data.length, FRAME.data, 0, id)
    data.copy(bytes, dataAt + FRAME_HEADER_BYTES)
    const last = FLAG.endHeaders | FLAG.endStream
    writeFrameHeader(bytes, trailersAt, trailers.length, FRAME.headers, last, id)
    trailers.copy(bytes, trailersAt + FRAME_HEADER_BYTES)
    output.add(bytes)
    window -= data.length
    stream.sendWindow -= data.length
    stream.headersSent = true
    finish(stream)
  }

  return {
    sendHead,
    sendData,
    answer,
    sendSettings: (payload: Buffer) => send(FRAME.settings, 0, 0, payload),
    acknowledgeSettings: () => send(FRAME.settings, FLAG.ack, 0, NOTHING),
    acknowledgePing: (payload: Buffer) => send(FRAME.ping, FLAG.ack, 0, payload),
    sendReset: (id: number, code: ErrorCode) => sendNumbers(FRAME.rstStream, id, code),
    sendGoAway: (lastId: number, code: ErrorCode) => sendNumbers(FRAME.goAway, 0, lastId, code),
    /** Gives a window back: of a stream, or 0 for that of the connection. */
    grant: (id: number, bytes: number) => sendNumbers(FRAME.windowUpdate, id, bytes),
    settings: () => client,
    /** Follows the client's settings; they may shrink windows below 0. */
    follow: (settings: ClientSettings): ErrorCode => {
      const more = settings.initialWindow - client.initialWindow
      mustResize ||= settings.headerTableBytes < client.headerTableBytes
      client = settings
      for (const stream of more === 0 ? [] : streams.all()) {
        stream.sendWindow += more
        if (stream.sendWindow > GREATEST_WINDOW) return ERROR.flowControlError
        if (more > 0 && stream.waiting.length > 0) pump(stream)
      }
      return ERROR.noError
    },
    /** The client grants more: to a stream, or to the connection. */
    credit: (stream: ServerStream<State> | undefined, bytes: number): ErrorCode => {
      if (stream === undefined) window += bytes
      else stream.sendWindow += bytes
      if ((stream?.sendWindow ?? window) > GREATEST_WINDOW) return ERROR.flowControlError
      for (const each of stream === undefined ? streams.all() : [stream])
        if (each.waiting.length > 0) pump(each)
      return ERROR.noError
    },
  }
}
