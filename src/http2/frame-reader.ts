// Divides the bytes of a connection into frames.

import { withoutSurplus } from '../common/own-bytes.ts'
import {
  ERROR,
  type ErrorCode,
  FLAG,
  FRAME,
  FRAME_HEADER_BYTES,
  LEAST_FRAME_BYTES,
  PREFACE,
} from './protocol.ts'

/**
 * Takes a whole frame. One with data may come in parts as it arrives; then only the last part has its flags. The payload
 * stays as it is, but retains everything that arrived with it.
 */
export type TakeFrame = (
  type: number,
  flags: number,
  id: number,
  payload: Buffer,
  /** Whether more of the frame follows. */
  isPart?: boolean,
) => void

/** Called once, for bytes after which nothing can be read. */
export type BreakOff = (code: ErrorCode) => void

const NOTHING = Buffer.alloc(0)
const STREAM_BITS = 0x7f_ff_ff_ff

/**
 * Reads the client's preface, then frames of up to 16 KiB. Frames of unknown types are skipped. Of a frame that is not
 * whole, at most its bytes are kept, and none of its data. While `isHeld`, nothing more is read: the rest is kept, and read at the next call.
 */
export function createFrameReader(
  take: TakeFrame,
  breakOff: BreakOff,
  isHeld: () => boolean = () => false,
) {
  const header = Buffer.allocUnsafeSlow(FRAME_HEADER_BYTES)
  let headed = 0
  let greeted = 0
  /** The part of a payload that has arrived, and its bytes; the whole payload has `length` bytes. */
  let kept: Buffer = NOTHING
  let keptBytes = 0
  let length = 0
  let skip = 0
  /** Data is passed on as it arrives. */
  let isPassedOn = false
  let isOver = false
  let rest: Buffer = NOTHING

  const stop = (code: ErrorCode) => {
    isOver = true
    kept = NOTHING
    breakOff(code)
  }

  /** Reads the preface; returns where the rest begins. */
  const greet = (bytes: Buffer): number => {
    const most = Math.min(bytes.length, PREFACE.length - greeted)
    if (PREFACE.compare(bytes, 0, most, greeted, greeted + most) !== 0) {
      stop(ERROR.protocolError)
      return bytes.length
    }
    greeted += most
    return most
  }

  const deliver = (from: Buffer, at: number, payload: Buffer) => {
    take(from[at + 3] ?? 0, from[at + 4] ?? 0, from.readUInt32BE(at + 5) & STREAM_BITS, payload)
  }

  /** Reads the frames that are whole in these bytes; returns where the rest begins. */
  function readWhole(bytes: Buffer, from: number): number {
    let at = from
    while (!isOver && !isHeld() && at + FRAME_HEADER_BYTES <= bytes.length) {
      const size = bytes.readUIntBE(at, 3)
      if (size > LEAST_FRAME_BYTES) {
        stop(ERROR.frameSizeError)
        break
      }
      const end = at + FRAME_HEADER_BYTES + size
      if (end > bytes.length) break
      deliver(bytes, at, bytes.subarray(at + FRAME_HEADER_BYTES, end))
      at = end
    }
    return at
  }

  /** Begins a frame whose header is there. */
  function beginFrame() {
    length = header.readUIntBE(0, 3)
    if (length > LEAST_FRAME_BYTES) return stop(ERROR.frameSizeError)
    isPassedOn = header[3] === FRAME.data && ((header[4] ?? 0) & FLAG.padded) === 0
    if ((header[3] ?? 0) > FRAME.continuation) skip = length
    else if (!isPassedOn) kept = Buffer.allocUnsafeSlow(length)
    keptBytes = 0
    if (length === 0) endFrame(NOTHING)
  }

  function endFrame(payload: Buffer) {
    kept = NOTHING
    headed = 0
    deliver(header, 0, payload)
  }

  function read(more: Buffer) {
    if (isOver) return
    const bytes = rest.length === 0 ? more : Buffer.concat([rest, more])
    rest = NOTHING
    let at = greeted < PREFACE.length ? greet(bytes) : 0
    while (!isOver && at < bytes.length) {
      if (isHeld()) {
        rest = withoutSurplus(bytes.subarray(at))
        return
      }
      if (headed === 0) at = readWhole(bytes, at)
      if (isOver || isHeld() || at >= bytes.length) continue
      if (headed < FRAME_HEADER_BYTES) {
        const copied = bytes.copy(header, headed, at, at + FRAME_HEADER_BYTES - headed)
        headed += copied
        at += copied
        if (headed === FRAME_HEADER_BYTES) beginFrame()
      } else if (skip > 0) {
        const skipped = Math.min(skip, bytes.length - at)
        skip -= skipped
        at += skipped
        if (skip === 0) endFrame(NOTHING)
      } else if (isPassedOn) {
        const part = bytes.subarray(at, at + length - keptBytes)
        keptBytes += part.length
        at += part.length
        if (keptBytes === length) endFrame(part)
        else take(FRAME.data, 0, header.readUInt32BE(5) & STREAM_BITS, part, true)
      } else {
        const copied = bytes.copy(kept, keptBytes, at, at + length - keptBytes)
        keptBytes += copied
        at += copied
        if (keptBytes === length) endFrame(kept)
      }
    }
  }

  /** `true`: a part of a frame is kept. */
  return (more: Buffer): boolean => {
    read(more)
    return kept.length > 0
  }
}
