import { createHash } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'

const CLOSE_GRACE_MS = 1_000

export const isWebSocket = ({ headers }: IncomingMessage) =>
  headers.upgrade?.toLowerCase() === 'websocket'

/** Accepts, says `message` in one text frame, closes (RFC 6455). */
export function answerUpgrade({ headers }: IncomingMessage, socket: Duplex, message: object) {
  const key = headers['sec-websocket-key']
  if (key === undefined) {
    socket.end('HTTP/1.1 400 Bad Request\r\nconnection: close\r\ncontent-length: 0\r\n\r\n')
    return
  }
  socket.on('error', () => socket.destroy())
  socket.resume()
  socket.write(
    [
      'HTTP/1.1 101 Switching Protocols',
      'upgrade: websocket',
      'connection: upgrade',
      `sec-websocket-accept: ${acceptFor(key)}`,
      '\r\n',
    ].join('\r\n'),
  )
  socket.write(frame(TEXT, Buffer.from(JSON.stringify(message))))
  socket.end(frame(CLOSE, NORMAL_CLOSURE))
  setTimeout(() => socket.destroy(), CLOSE_GRACE_MS).unref()
}

/** The GUID is fixed by RFC 6455 section 1.3. */
const acceptFor = (key: string) =>
  createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64')

const TEXT = 0x1
const CLOSE = 0x8
const NORMAL_CLOSURE = Buffer.from([0x03, 0xe8])
const FINAL = 0x80

/** One final, unmasked frame (RFC 6455 section 5.2). */
const frame = (opcode: number, payload: Buffer) =>
  Buffer.concat([Buffer.from([FINAL | opcode]), lengthOf(payload), payload])

function lengthOf({ length }: Buffer) {
  if (length < 126) return Buffer.from([length])
  if (length < 65_536) return Buffer.from([126, length >> 8, length & 0xff])
  const long = Buffer.alloc(9, 127)
  long.writeBigUInt64BE(BigInt(length), 1)
  return long
}
