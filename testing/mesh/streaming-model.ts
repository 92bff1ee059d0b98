import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import { type Metadata, Server, ServerCredentials, type ServerDuplexStream } from '@grpc/grpc-js'
import type { Received } from '../scenario/pod.ts'

/** Behind a sidecar. */
export type Model = {
  readonly httpPort: number
  readonly grpcPort: number
  /** All requests up to now. */
  readonly received: () => readonly Received[]
  readonly close: () => Promise<void>
}

export type StreamingModel = Awaited<ReturnType<typeof startStreamingModel>>

const INFERENCE = '/inference.GRPCInferenceService'

const asIs = (bytes: Buffer): Buffer => bytes

const method = (name: string, stream: boolean) => ({
  path: `${INFERENCE}/${name}`,
  requestStream: stream,
  responseStream: stream,
  requestSerialize: asIs,
  requestDeserialize: asIs,
  responseSerialize: asIs,
  responseDeserialize: asIs,
})

/**
 * A model that echoes its input: a body, the bytes of an upgraded connection, each message of a gRPC stream, the
 * metadata of a unary call. The test sends the events at `/events`.
 */
export async function startStreamingModel() {
  const received: Received[] = []
  const listeners: ServerResponse[] = []
  const upgraded = new Set<Duplex>()
  const remember = ({ method = '', url = '', headers }: IncomingMessage) =>
    received.push({ method, path: url, headers })

  const called = (name: string, metadata: Metadata) => {
    const headers = metadata.getMap()
    received.push({ method: 'POST', path: `${INFERENCE}/${name}`, headers })
    return headers
  }

  const http = createServer((request, response) => {
    remember(request)
    if (request.url !== '/events') return void request.pipe(response)
    response.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders()
    listeners.push(response)
  })
  http.on('upgrade', (request, socket) => {
    remember(request)
    upgraded.add(socket)
    socket.on('error', () => socket.destroy())
    socket.write(
      'HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n',
    )
    socket.pipe(socket)
  })
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve))
  const address = http.address()

  const grpc = new Server({ 'grpc.max_receive_message_length': 8 * 1024 * 1024 })
  grpc.addService(
    { ModelInfer: method('ModelInfer', false), ModelStreamInfer: method('ModelStreamInfer', true) },
    {
      ModelInfer: (
        { metadata }: { readonly metadata: Metadata },
        answer: (error: null, bytes: Buffer) => void,
      ) => answer(null, Buffer.from(JSON.stringify(called('ModelInfer', metadata)))),
      ModelStreamInfer: (stream: ServerDuplexStream<Buffer, Buffer>) => {
        called('ModelStreamInfer', stream.metadata)
        stream.on('data', (bytes: Buffer) => stream.write(bytes))
        stream.on('end', () => stream.end())
        stream.on('error', () => {})
      },
    },
  )
  const grpcPort = await new Promise<number>((resolve, reject) => {
    grpc.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    )
  })
  return {
    httpPort: typeof address === 'object' && address !== null ? address.port : 0,
    grpcPort,
    received: (): readonly Received[] => received,
    /** Sends an event to all listeners. */
    say: (text: string) => {
      for (const listener of listeners) listener.write(`data: ${text}\n\n`)
    },
    /** Ends all streams. */
    hangUp: () => {
      for (const listener of listeners.splice(0)) listener.end()
    },
    close: async () => {
      for (const socket of upgraded) socket.destroy()
      grpc.forceShutdown()
      http.closeAllConnections()
      await new Promise((resolve) => http.close(resolve))
    },
  }
}
