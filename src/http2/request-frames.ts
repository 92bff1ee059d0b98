// Takes the frames of requests: RFC 9113 sections 6.1, 6.2, 6.10 and 8.1.

import { ownBytes } from '../common/own-bytes.ts'
import { createHeaderBlocks, MAX_BLOCK_BYTES } from './header-blocks.ts'
import type { Lifecycle } from './lifecycle.ts'
import { dependsOnItself, PRIORITY_BYTES, withoutPadding } from './padding.ts'
import { ERROR, FLAG } from './protocol.ts'
import {
  newStream,
  type ServerConnection,
  type ServerStream,
  type StreamHandlers,
} from './stream.ts'

/**
 * Bytes of data that a client may send before it is granted more: of a stream, and of the connection. They are granted
 * as they arrive. What is held is bounded elsewhere: a listener counts it.
 */
export const STREAM_WINDOW = 262_144
export const CONNECTION_WINDOW = 1_048_576

/** Bytes of a header block; its last frame has not arrived. */
type Begun = {
  readonly id: number
  readonly flags: number
  readonly parts: Buffer[]
  bytes: number
}

type Parts<State> = {
  readonly lifecycle: Lifecycle<State>
  readonly handlers: StreamHandlers<State>
  /** Requests in flight. */
  readonly maxStreams: number
  readonly connection: () => ServerConnection<State>
}

export type RequestFrames = {
  /** The stream whose header block is not whole; only its next frame may follow. */
  readonly unfinished: () => number | undefined
  /** `isPart`: more of the frame follows. */
  readonly takeData: (flags: number, id: number, payload: Buffer, isPart: boolean) => void
  readonly takeHeaders: (flags: number, id: number, payload: Buffer) => void
  readonly takeContinuation: (flags: number, payload: Buffer) => void
}

export function createRequestFrames<State>({
  lifecycle,
  handlers,
  maxStreams,
  connection,
}: Parts<State>): RequestFrames {
  const { fail, bear, refuse, punish, forget, wasReset, isIdle, sender, streams } = lifecycle
  const blocks = createHeaderBlocks()
  let begun: Begun | undefined
  let received = 0
  /** Whether a part of a frame with data was taken, and more of it follows. */
  let isWithin = false

  function takeData(flags: number, id: number, payload: Buffer, isPart: boolean) {
    const isRest = isWithin
    isWithin = isPart
    if (isIdle(id)) return fail(ERROR.protocolError)
    const bytes = withoutPadding(flags, payload)
    if (bytes === undefined) return fail(ERROR.protocolError)
    received += payload.length
    if (received > CONNECTION_WINDOW / 2) {
      sender.grant(0, received)
      received = 0
    }
    const stream = streams.get(id)
    // A frame counts once, in however many parts it arrives.
    if (stream === undefined && isRest) return
    if (stream === undefined) return wasReset(id) ? bear() : refuse(id, ERROR.streamClosed)
    if (stream.remoteClosed) return punish(stream, ERROR.streamClosed)
    const isEnd = (flags & FLAG.endStream) !== 0
    if (bytes.length === 0 && !isEnd) bear()
    stream.received += payload.length
    stream.content += bytes.length
    if (hasWrongLength(stream, isEnd)) return punish(stream, ERROR.protocolError)
    if (!isEnd && stream.received > STREAM_WINDOW / 2) {
      sender.grant(id, stream.received)
      stream.received = 0
    }
    if (bytes.length > 0) handlers.data(stream, bytes)
    if (isEnd) endRequest(stream)
  }

  function endRequest(stream: ServerStream<State>) {
    if (stream.remoteClosed) return
    stream.remoteClosed = true
    handlers.end(stream, connection())
    if (stream.localClosed) forget(stream, ERROR.noError)
  }

  function takeHeaders(flags: number, id: number, payload: Buffer) {
    if (id % 2 === 0) return fail(ERROR.protocolError)
    const bytes = withoutPadding(flags, payload)
    if (bytes === undefined) return fail(ERROR.protocolError)
    const hasPriority = (flags & FLAG.priority) !== 0
    if (hasPriority && bytes.length < PRIORITY_BYTES) return fail(ERROR.frameSizeError)
    if (hasPriority && dependsOnItself(id, bytes)) return fail(ERROR.protocolError)
    const block = hasPriority ? bytes.subarray(PRIORITY_BYTES) : bytes
    if ((flags & FLAG.endHeaders) !== 0) readBlock(flags, id, block)
    else begun = { id, flags, parts: [ownBytes(block)], bytes: block.length }
  }

  function takeContinuation(flags: number, payload: Buffer) {
    if (begun === undefined) return fail(ERROR.protocolError)
    begun.bytes += payload.length
    if (begun.bytes > MAX_BLOCK_BYTES) return fail(ERROR.enhanceYourCalm)
    bear()
    const { id, flags: first, parts } = begun
    parts.push(ownBytes(payload))
    if ((flags & FLAG.endHeaders) === 0) return
    begun = undefined
    readBlock(first, id, Buffer.concat(parts))
  }

  function readBlock(flags: number, id: number, block: Buffer) {
    // It may have been ended for one frame too many.
    if (lifecycle.isOver()) return
    const isEnd = (flags & FLAG.endStream) !== 0
    if (!isIdle(id)) return readTrailers(id, block, isEnd)
    const head = blocks.readHead(block)
    if (head === 'unreadable') return fail(ERROR.compressionError)
    lifecycle.began(id)
    if (lifecycle.isClosing()) return bear()
    if (streams.size >= maxStreams) return refuse(id, ERROR.refusedStream)
    if (head === 'malformed') return refuse(id, ERROR.protocolError)
    if (head === 'too-long') return refuse(id, ERROR.enhanceYourCalm)
    const stream = newStream<State>(id, head, sender.settings().initialWindow)
    if (hasWrongLength(stream, isEnd)) return refuse(id, ERROR.protocolError)
    streams.add(stream)
    handlers.begin(stream, connection())
    if (isEnd) endRequest(stream)
  }

  function readTrailers(id: number, block: Buffer, isEnd: boolean) {
    const fault = blocks.readTrailers(block)
    if (fault === 'unreadable') return fail(ERROR.compressionError)
    const stream = streams.get(id)
    if (stream === undefined) return wasReset(id) ? bear() : fail(ERROR.streamClosed)
    if (stream.remoteClosed) return punish(stream, ERROR.streamClosed)
    if (fault !== undefined || !isEnd || hasWrongLength(stream, isEnd))
      return punish(stream, ERROR.protocolError)
    endRequest(stream)
  }

  return { unfinished: () => begun?.id, takeData, takeHeaders, takeContinuation }
}

/** Whether there is more or less content than the request says (RFC 9113 section 8.1.1). */
const hasWrongLength = <State>({ head, content }: ServerStream<State>, isEnd: boolean): boolean =>
  head.length !== undefined && (isEnd ? content !== head.length : content > head.length)
