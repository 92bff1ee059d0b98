import { mutations } from '../mutation.ts'

const INFINITE = 'Number.POSITIVE_INFINITY'
const CONNECTION = 'http2/connection'
const HPACK = 'http2/hpack'

export const HTTP2 = mutations([
  [
    'length of a frame',
    'http2/frame-reader.ts',
    'if (size > LEAST_FRAME_BYTES) {',
    'if (false) {',
    'http2/frame-reader',
  ],
  [
    'length of a frame',
    'http2/frame-reader.ts',
    'if (length > LEAST_FRAME_BYTES) return stop(ERROR.frameSizeError)',
    '',
    'http2/frame-reader',
  ],
  [
    'length of the header block of a request',
    'http2/request-frames.ts',
    'begun.bytes > MAX_BLOCK_BYTES',
    'false',
    CONNECTION,
  ],
  ['headers of a request', 'http2/hpack.ts', 'fields.length >= MAX_HEADER_FIELDS', 'false', HPACK],
  ['length of the headers of a request', 'http2/hpack.ts', 'size > MAX_LIST_BYTES', 'false', HPACK],
  [
    'src/http2/protocol.ts HEADER_TABLE_BYTES',
    'http2/hpack.ts',
    'size > HEADER_TABLE_BYTES',
    'false',
    HPACK,
  ],
  ['src/http2/hpack.ts NUMBER_BITS', 'http2/hpack.ts', 'shift < NUMBER_BITS', 'true', HPACK],
  [
    'settings in a frame',
    'http2/settings.ts',
    'payload.length > MAX_SETTINGS * SETTING_BYTES',
    'false',
    CONNECTION,
  ],
  [
    'frames at once that bring no request forward, then 33 a second',
    'http2/patience.ts',
    'let left = USELESS_AT_ONCE',
    `let left = ${INFINITE}`,
    CONNECTION,
  ],
  [
    'frames at once that bring no request forward, then 33 a second',
    'http2/patience.ts',
    '* USELESS_PER_SECOND',
    `* ${INFINITE}`,
    'http2/patience',
  ],
  [
    'src/http2/lifecycle.ts CLOSE_MS',
    'http2/lifecycle.ts',
    'setTimeout(() => socket.destroy(), CLOSE_MS).unref()',
    'void 0',
    CONNECTION,
  ],
  [
    'src/http2/lifecycle.ts RESETS',
    'http2/lifecycle.ts',
    'if (resets.push(id) > RESETS) resets.shift()',
    'resets.push(id)',
    CONNECTION,
  ],
  [
    'time in which no answer of a connection is read',
    'http2/connection.ts',
    'setTimeout(() => socket.destroy(), UNREAD_MS).unref()',
    'setTimeout(() => {}, UNREAD_MS).unref()',
    CONNECTION,
  ],
  [
    'length of the message of a health check',
    'envoy/health.ts',
    'path: Check.path, maxBytes: MAX_HEALTH_BYTES',
    `path: Check.path, maxBytes: ${INFINITE}`,
    'envoy/port',
  ],
  [
    'src/envoy/arrival.ts LEAST_KEPT_BYTES',
    'envoy/arrival.ts',
    'Math.max(LEAST_KEPT_BYTES, 2 * received)',
    'received',
    'envoy/port',
  ],
  [
    'answers of a connection that are not read',
    'http2/output.ts',
    'return socket.writableLength > MAX_UNSENT_BYTES',
    'return false',
    CONNECTION,
  ],
  [
    'answers of a connection that are not read',
    'http2/output.ts',
    'if (waiting > MAX_UNSENT_BYTES) flush()',
    '',
    CONNECTION,
  ],
])
