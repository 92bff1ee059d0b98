import { once } from 'node:events'
import http2, { type ClientHttp2Session, type ClientHttp2Stream } from 'node:http2'
import net from 'node:net'
import type { DecodedCheckResponse } from '../../src/envoy/messages.ts'
import { decodeCheckResponse } from '../../src/envoy/protocol.ts'

const CHECK = '/envoy.service.auth.v3.Authorization/Check'

export type RawReply = {
  /** The gRPC status; `undefined`: there was none. */
  readonly status: string | undefined
  /** The status of the check; `undefined`: there was none. */
  readonly answer: DecodedCheckResponse | undefined
  readonly rstCode: number
}

/** A gRPC message in its frame. */
export function framed(message: Buffer, { flag = 0, length = message.length } = {}): Buffer {
  const frame = Buffer.alloc(5)
  frame[0] = flag
  frame.writeUInt32BE(length, 1)
  return Buffer.concat([frame, message])
}

/** A connection that violates the protocol in ways that gRPC clients do not. */
export async function rawConnection(
  port: number,
  settings: http2.Settings = {},
  localAddress = '127.0.0.1',
): Promise<ClientHttp2Session> {
  const session = http2.connect(`http://127.0.0.1:${port}`, {
    settings,
    createConnection: () => net.connect({ host: '127.0.0.1', port, localAddress }),
  })
  session.on('error', () => {})
  await once(session, 'connect')
  return session
}

type Call = {
  readonly path?: string
  readonly headers?: Readonly<Record<string, string>>
}

/** Starts a request and leaves it open. */
export function begin(session: ClientHttp2Session, { path = CHECK, headers = {} }: Call = {}) {
  const stream = session.request(
    {
      ':method': 'POST',
      ':path': path,
      'content-type': 'application/grpc',
      te: 'trailers',
      ...headers,
    },
    { endStream: false },
  )
  return { stream, reply: replyOf(stream, path === CHECK) }
}

/** Makes further requests of a connection later ones, with a check that has no message, so it is not decided. */
export async function use(session: ClientHttp2Session): Promise<void> {
  const { stream, reply } = begin(session)
  stream.end()
  await reply
}

async function replyOf(stream: ClientHttp2Stream, isCheck: boolean): Promise<RawReply> {
  const parts: Buffer[] = []
  let status: string | undefined
  const read = (headers: http2.IncomingHttpHeaders) => {
    const value = headers['grpc-status']
    if (value !== undefined) status = String(value)
  }
  stream.on('response', read)
  stream.on('trailers', read)
  stream.on('data', (part: Buffer) => parts.push(part))
  stream.on('error', () => {})
  await new Promise<void>((resolve) => {
    stream.once('close', () => resolve())
  })
  const bytes = Buffer.concat(parts)
  return {
    status,
    answer: isCheck && bytes.length >= 5 ? decodeCheckResponse(bytes.subarray(5)) : undefined,
    rstCode: stream.rstCode ?? 0,
  }
}
