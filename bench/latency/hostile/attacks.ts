import { Agent, get } from 'node:http'
import http2, { type ClientHttp2Session } from 'node:http2'
import net from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import { gzipSync } from 'node:zlib'
import { encodeCheckRequest } from '../../../src/envoy/protocol.ts'
import { aCheck } from '../../../testing/envoy/check-client.ts'
import { begin, framed } from '../../../testing/envoy/raw-grpc.ts'

export type Ports = { readonly grpc: number; readonly http: number }

const CONNECTIONS = 1_000
/** The number of hostile workloads. */
const ADDRESSES = 20
const MIB = 2 ** 20

const addressOf = (index: number) => `127.0.1.${1 + (index % ADDRESSES)}`

const socketTo = (port: number, index: number) => {
  const socket = net.connect({ host: '127.0.0.1', port, localAddress: addressOf(index) })
  socket.on('error', () => {})
  return socket
}

/** Runs on a connection, and on a new one after that has ended. */
function keepConnected(port: number, index: number, use: (session: ClientHttp2Session) => void) {
  const open = () => {
    const session = http2.connect(`http://127.0.0.1:${port}`, {
      createConnection: () => socketTo(port, index),
    })
    session.on('error', () => {})
    session.once('connect', () => use(session))
    session.once('close', () => setTimeout(open, 500))
  }
  open()
}

const each = (count: number, work: (index: number) => void) => {
  for (let index = 0; index < count; index += 1) work(index)
}

/** The same message repeatedly, one at a time. */
function repeat(session: ClientHttp2Session, message: Buffer, headers = {}) {
  if (session.destroyed) return
  try {
    const { stream, reply } = begin(session, { headers })
    stream.end(message)
    void reply.then(() => setImmediate(repeat, session, message, headers))
  } catch {
    // The session is about to close.
  }
}

/** As many headers as fit: nothing else costs more to decode. */
const manyHeaders = (bytes: number) => {
  const headers = Array.from({ length: bytes / 16 }, (_, index) => ({
    key: `x-${index}`,
    raw_value: Buffer.from('a'),
  }))
  return framed(encodeCheckRequest(aCheck({ header_map: { headers } })).subarray(0, bytes))
}

const longPath = (bytes: number) =>
  framed(encodeCheckRequest(aCheck({ headers: { 'x-a': 'a'.repeat(bytes - 200) } })))

const sending = (connections: number, message: Buffer, headers = {}) => {
  return async ({ grpc }: Ports) => {
    each(connections, (index) =>
      keepConnected(grpc, index, (session) => repeat(session, message, headers)),
    )
    await pause(1_000)
  }
}

/** Attacks by clients of the ports; each resolves once it has started. */
export const ATTACKS: Readonly<Record<string, (ports: Ports) => Promise<void>>> = {
  cookies: async ({ grpc }) => {
    const cookie = 'session=a;'.repeat(5_900)
    const check = aCheck({ host: 'm-2.example.com', headers: { cookie } })
    const message = framed(encodeCheckRequest(check))
    keepConnected(grpc, 0, (session) => {
      setInterval(() => {
        if (!session.destroyed) begin(session).stream.end(message)
      }, 1_000 / 60)
    })
  },
  silent: async ({ grpc }) => {
    each(CONNECTIONS, (index) => socketTo(grpc, index))
    await pause(1_000)
  },
  unfinished: async ({ grpc }) => {
    const half = framed(Buffer.alloc(10_000), { length: 20_000 })
    each(CONNECTIONS, (index) =>
      keepConnected(grpc, index, (session) => {
        each(20, () => begin(session).stream.write(half))
      }),
    )
    await pause(2_000)
  },
  'huge messages': sending(4, manyHeaders(15 * MIB)),
  'large messages': sending(CONNECTIONS, manyHeaders(MIB - 64)),
  'long headers': sending(CONNECTIONS, longPath(MIB - 64)),
  gzip: sending(16, framed(gzipSync(Buffer.alloc(60 * MIB)), { flag: 1 }), {
    'grpc-encoding': 'gzip',
  }),
  scrapers: async ({ http }) => {
    const agent = new Agent({ keepAlive: true, maxSockets: 64 })
    const scrape = () => {
      const request = get(
        { host: '127.0.0.1', port: http, path: '/metrics', agent },
        (response) => {
          response.resume()
          response.once('close', scrape)
        },
      )
      request.on('error', () => setTimeout(scrape, 100))
    }
    each(64, scrape)
  },
}
