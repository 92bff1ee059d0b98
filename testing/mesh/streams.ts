import { once } from 'node:events'
import { request as requestPlainly } from 'node:http'
import { request as requestSecurely } from 'node:https'
import type { Duplex } from 'node:stream'
import { Client, Metadata, type ServiceError } from '@grpc/grpc-js'
import { channelOf } from '../envoy/grpc.ts'
import { UNNAMED } from '../scenario/http.ts'
import type { Entry } from './asking.ts'

const PATIENCE_MS = 60_000

type Headers = Readonly<Record<string, string>>

const STREAM_INFER = '/inference.GRPCInferenceService/ModelStreamInfer'

const asIs = (bytes: Buffer): Buffer => bytes

/** A bidirectional gRPC stream; `ask` sends a message and resolves with the next received one. */
export function streamInfer(entry: Entry, host: string, headers: Headers) {
  const { address, port } = entry
  const client = new Client(`${address}:${port}`, channelOf(entry), {
    'grpc.default_authority': host,
    'grpc.use_local_subchannel_pool': 1,
    'grpc.enable_retries': 0,
    'grpc.ssl_target_name_override': host,
    'grpc.max_receive_message_length': 8 * 1024 * 1024,
  })
  const metadata = new Metadata()
  for (const [name, value] of Object.entries(headers)) metadata.set(name, value)
  const deadline = Date.now() + PATIENCE_MS
  const stream = client.makeBidiStreamRequest(STREAM_INFER, asIs, asIs, metadata, { deadline })
  const ended = new Promise<number>((resolve) => {
    stream.on('error', ({ code }: ServiceError) => resolve(code))
    stream.on('status', ({ code }: { code: number }) => resolve(code))
  }).finally(() => client.close())
  return {
    ask: async (message: Buffer): Promise<Buffer> => {
      const next = once(stream, 'data')
      stream.write(message)
      const [bytes]: unknown[] = await next
      return Buffer.isBuffer(bytes) ? bytes : Buffer.alloc(0)
    },
    end: () => stream.end(),
    /** Resolves with the gRPC status; 0 is OK. */
    ended,
  }
}

/** Opens a WebSocket: its status, and the connection if it is 101. */
export function upgrade(
  { address, port, tls, ...rest }: Entry,
  headers: Headers,
): Promise<{ readonly status: number; readonly socket: Duplex | undefined }> {
  const request = tls === undefined ? requestPlainly : requestSecurely
  const sent = request({
    host: address,
    port,
    ...rest,
    ...tls,
    ...(tls === undefined ? {} : UNNAMED),
    path: '/v2/stream',
    agent: false,
    signal: AbortSignal.timeout(PATIENCE_MS),
    headers: {
      connection: 'Upgrade',
      upgrade: 'websocket',
      'sec-websocket-version': '13',
      'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
      ...headers,
    },
  })
  return new Promise((resolve, reject) => {
    sent.on('error', reject)
    sent.on('upgrade', (response, socket) => resolve({ status: response.statusCode ?? 0, socket }))
    sent.on('response', (response) => {
      response.resume()
      resolve({ status: response.statusCode ?? 0, socket: undefined })
    })
    sent.end()
  })
}

/** Opens a stream of server-sent events; `next` resolves with the next event, `undefined` at the end. */
export function listenTo({ address, port, tls, ...rest }: Entry, headers: Headers) {
  const request = tls === undefined ? requestPlainly : requestSecurely
  const named = tls === undefined ? {} : { ...tls, ...UNNAMED }
  const signal = AbortSignal.timeout(PATIENCE_MS)
  const sent = request({ host: address, port, ...rest, ...named, path: '/events', headers, signal })
  sent.end()
  return new Promise<{ status: number; next: () => Promise<string | undefined> }>(
    (resolve, reject) => {
      sent.on('error', reject)
      sent.on('response', (response) => {
        const chunks = response.setEncoding('utf8')[Symbol.asyncIterator]()
        resolve({
          status: response.statusCode ?? 0,
          next: async () => {
            const { done, value } = await chunks.next()
            return done ? undefined : String(value)
          },
        })
      })
    },
  )
}
