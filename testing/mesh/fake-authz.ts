import { createServer as createHttp2Server, type ServerHttp2Stream } from 'node:http2'
import { createServer, type Server, type Socket } from 'node:net'

/** A CheckResponse that allows everything: status 0, and an ok_response. */
const ALLOW = Buffer.from('0a001a00', 'hex')

const framed = (message: Buffer, length = message.length): Buffer => {
  const head = Buffer.alloc(5)
  head.writeUInt32BE(length, 1)
  return Buffer.concat([head, message])
}

type Answer = (stream: ServerHttp2Stream) => void

const reply =
  (body: Buffer, trailers: Readonly<Record<string, string>>): Answer =>
  (stream) => {
    stream.respond(
      { ':status': 200, 'content-type': 'application/grpc' },
      { waitForTrailers: true },
    )
    stream.on('wantTrailers', () => stream.sendTrailers(trailers))
    stream.end(body)
  }

const OK = { 'grpc-status': '0' }

/** Allows everything, in time. */
export const ALLOWING: Answer = reply(framed(ALLOW), OK)

/** Answers of a service that is broken, or a different program. */
export const ANSWERS = {
  'two seconds late': (stream) => {
    const late = setTimeout(() => reply(framed(ALLOW), OK)(stream), 2_000)
    stream.on('close', () => clearTimeout(late))
  },
  'no answer': () => {},
  'bytes that are not a message': reply(framed(Buffer.from('ffffffff', 'hex')), OK),
  'half a message': reply(framed(ALLOW, 1_000), OK),
  'a message without an end': (stream) => {
    stream.respond({ ':status': 200, 'content-type': 'application/grpc' })
    stream.write(framed(ALLOW, 1_000))
  },
  'a gRPC error': reply(Buffer.alloc(0), { 'grpc-status': '13', 'grpc-message': 'broken' }),
  'a gRPC refusal': reply(Buffer.alloc(0), { 'grpc-status': '7' }),
  'no message': reply(Buffer.alloc(0), OK),
  'a page': (stream) => {
    stream.respond({ ':status': 200, 'content-type': 'text/html' })
    stream.end('<h1>It works!</h1>')
  },
  'not found': (stream) => {
    stream.respond({ ':status': 404 })
    stream.end()
  },
  'a reset': (stream) => stream.close(2),
  'a hang-up': (stream) => stream.session?.destroy(),
} satisfies Readonly<Record<string, Answer>>

export type FakeAuthz = Awaited<ReturnType<typeof listening>>

/** Listens on ports of the service in its place, and gives every check this answer. */
export const startFakeAuthz = (answer: Answer, ports: readonly number[]) =>
  listening(ports, () => {
    const server = createHttp2Server()
    server.on('stream', (stream) => {
      stream.on('error', () => {})
      stream.resume()
      answer(stream)
    })
    server.on('sessionError', () => {})
    return server
  })

/** Sends bytes that are not HTTP/2 as soon as a client connects. */
export const startGarbage = (ports: readonly number[]) =>
  listening(ports, () =>
    createServer((socket) => {
      socket.on('error', () => {})
      socket.write('SSH-2.0-OpenSSH_9.9\r\n')
    }),
  )

async function listening(ports: readonly number[], create: () => Server) {
  const sockets = new Set<Socket>()
  const servers = await Promise.all(
    ports.map(async (port) => {
      const server = create()
      server.on('connection', (socket: Socket) => {
        sockets.add(socket)
        socket.on('close', () => sockets.delete(socket))
      })
      await new Promise<void>((resolve, reject) => {
        server.once('error', reject)
        server.listen(port, '127.0.0.1', resolve)
      })
      return server
    }),
  )
  return {
    close: async () => {
      for (const socket of sockets) socket.destroy()
      await Promise.all(
        servers.map((server) => new Promise<void>((resolve) => server.close(() => resolve()))),
      )
    },
  }
}
