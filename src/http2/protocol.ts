// The numbers of HTTP/2: RFC 9113.

/** The types of frames (section 6). */
export const FRAME = {
  data: 0,
  headers: 1,
  priority: 2,
  rstStream: 3,
  settings: 4,
  pushPromise: 5,
  ping: 6,
  goAway: 7,
  windowUpdate: 8,
  continuation: 9,
} as const

/** The flags of frames (section 6). */
export const FLAG = { endStream: 1, ack: 1, endHeaders: 4, padded: 8, priority: 0x20 } as const

/** The error codes (section 7). */
export const ERROR = {
  noError: 0,
  protocolError: 1,
  internalError: 2,
  flowControlError: 3,
  streamClosed: 5,
  frameSizeError: 6,
  refusedStream: 7,
  cancel: 8,
  compressionError: 9,
  enhanceYourCalm: 11,
} as const

export type ErrorCode = (typeof ERROR)[keyof typeof ERROR]

/** The settings (section 6.5.2). */
export const SETTING = {
  headerTableSize: 1,
  enablePush: 2,
  maxConcurrentStreams: 3,
  initialWindowSize: 4,
  maxFrameSize: 5,
  maxHeaderListSize: 6,
} as const

/** What a client sends first (section 3.4). */
export const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'latin1')

export const FRAME_HEADER_BYTES = 9
/** The least limit of a frame's payload, and the one before any settings. */
export const LEAST_FRAME_BYTES = 16_384
export const GREATEST_FRAME_BYTES = 2 ** 24 - 1
/** The flow-control window before any settings. */
export const FIRST_WINDOW = 65_535
export const GREATEST_WINDOW = 2 ** 31 - 1
export const LAST_STREAM = 2 ** 31 - 1
/** The size of a header table before any settings (RFC 7541). */
export const HEADER_TABLE_BYTES = 4_096

/** Writes the header of a frame. `length`: of the payload, in bytes. */
export function writeFrameHeader(
  into: Buffer,
  at: number,
  length: number,
  type: number,
  flags: number,
  id: number,
): void {
  into.writeUIntBE(length, at, 3)
  into[at + 3] = type
  into[at + 4] = flags
  into.writeUInt32BE(id, at + 5)
}

/** A whole frame. */
export function frameOf(type: number, flags: number, id: number, payload: Buffer): Buffer {
  const frame = Buffer.allocUnsafe(FRAME_HEADER_BYTES + payload.length)
  writeFrameHeader(frame, 0, payload.length, type, flags, id)
  payload.copy(frame, FRAME_HEADER_BYTES)
  return frame
}
