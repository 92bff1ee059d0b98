import { once } from 'node:events'
import net from 'node:net'
import { serveHttp2 } from '../../src/http2/connection.ts'
import type { RequestHead } from '../../src/http2/request-head.ts'
import type { ServerConnection, ServerStream } from '../../src/http2/stream.ts'

/** A frame, as a client writes or reads it. */
export type Frame = {
  readonly type: number
  readonly flags: number
  readonly id: number
  readonly payload: Buffer
}

const PREFACE = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'
export const [DATA, HEADERS, PRIORITY, RST_STREAM, SETTINGS, PUSH_PROMISE, PING, GOAWAY] = [
  0, 1, 2, 3, 4, 5, 6, 7,
]
export const [WINDOW_UPDATE, CONTINUATION] = [8, 9]
export const [END_STREAM, END_HEADERS] = [1, 4]
export const ACK = 1
/** `POST http:/ ` with indices of the static table. */
export const POST = Buffer.of(0x83, 0x86, 0x84)

export function frame(
  type: number,
  flags: number,
  id: number,
  payload: Buffer = Buffer.of(),
): Buffer {
  const header = Buffer.alloc(9)
  header.writeUIntBE(payload.length, 0, 3)
  header[3] = type
  header[4] = flags
  header.writeUInt32BE(id, 5)
  return Buffer.concat([header, payload])
}

/** What a client sends first: its preface and its settings. */
export const GREETING = Buffer.concat([Buffer.from(PREFACE), frame(SETTINGS, 0, 0)])

/** Four bytes. */
export function number(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value)
  return bytes
}

export function setting(id: number, value: number): Buffer {
  return Buffer.concat([Buffer.of(0, id), number(value)])
}

function framesIn(bytes: Buffer): Frame[] {
  const frames: Frame[] = []
  for (let at = 0; at + 9 <= bytes.length; ) {
    const end = at + 9 + bytes.readUIntBE(at, 3)
    if (end > bytes.length) break
    const [type = 0, flags = 0] = bytes.subarray(at + 3)
    frames.push({
      type,
      flags,
      id: bytes.readUInt32BE(at + 5),
      payload: bytes.subarray(at + 9, end),
    })
    at = end
  }
  return frames
}

/** A request as the handlers of the server saw it. */
export type Seen = {
  readonly head: RequestHead
  readonly parts: Buffer[]
  isEnded: boolean
  /** The code of its end. */
  closed: number | undefined
}

type Answer = (stream: ServerStream<Seen>, connection: ServerConnection<Seen>) => void

/** Called as a request begins, and for its data. */
export type Hooks = { readonly begin?: Answer; readonly data?: Answer }

/** Serves HTTP/2 on a free port. `answer`: called at the end of each request. */
export async function http2Server(answer: Answer, maxStreams = 100, hooks: Hooks = {}) {
  const seen: Seen[] = []
  const failures: number[] = []
  const connections: ServerConnection<Seen>[] = []
  const sockets: net.Socket[] = []
  const server = net.createServer({ pauseOnConnect: true }, (socket) => {
    sockets.push(socket)
    socket.on('error', () => {})
    const connection = serveHttp2<Seen>(socket, maxStreams, {
      begin: (stream) => {
        stream.state = { head: stream.head, parts: [], isEnded: false, closed: undefined }
        seen.push(stream.state)
        hooks.begin?.(stream, connection)
      },
      data: (stream, bytes) => {
        stream.state?.parts.push(Buffer.from(bytes))
        hooks.data?.(stream, connection)
      },
      end: (stream) => {
        if (stream.state !== undefined) stream.state.isEnded = true
        answer(stream, connection)
      },
      close: ({ state }, code) => {
        if (state?.closed !== undefined) throw new Error('closed twice')
        if (state !== undefined) state.closed = code
      },
      fail: (code) => void failures.push(code),
    })
    connections.push(connection)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const bound = server.address()
  const port = typeof bound === 'object' && bound !== null ? bound.port : 0
  return {
    port,
    seen,
    failures,
    connections,
    sockets,
    close: () => {
      for (const socket of sockets) socket.destroy()
      server.close()
    },
  }
}

/** A client that sends any bytes, and reads frames. `first`: follows the preface. */
export async function rawClient(port: number, first: Buffer, allowHalfOpen = false) {
  const socket = net.connect({ host: '127.0.0.1', port, allowHalfOpen })
  const chunks: Buffer[] = []
  let isClosed = false
  socket.on('data', (bytes: Buffer) => chunks.push(bytes))
  socket.on('error', () => {})
  socket.once('close', () => {
    isClosed = true
  })
  await once(socket, 'connect')
  socket.write(PREFACE)
  socket.write(first)
  return {
    socket,
    send: (...frames: readonly Buffer[]) => void socket.write(Buffer.concat(frames)),
    frames: () => framesIn(Buffer.concat(chunks)),
    of: (type: number) => framesIn(Buffer.concat(chunks)).filter((each) => each.type === type),
    isClosed: () => isClosed,
    close: () => socket.destroy(),
  }
}
