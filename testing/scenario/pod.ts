import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  request,
  type ServerResponse,
} from 'node:http'
import { Server, ServerCredentials, type ServiceDefinition } from '@grpc/grpc-js'
import { startModelServer } from '../../examples/model-server/server.ts'
import { answerUpgrade } from '../../examples/model-server/websocket.ts'

/** A request as it reached the pod. */
export type Received = {
  readonly method: string
  readonly path: string
  readonly headers: Readonly<Record<string, unknown>>
}

/** The answers of Knative's queue-proxy instead of the model. */
const OF_QUEUE_PROXY = ['/debug/pprof/', '/wait-for-drain']

/** A model's pod behind its proxy: HTTP and gRPC, with a record of all requests that reached it. */
export async function startPod() {
  const received: Received[] = []
  const model = await startModelServer()
  const http = await startHttp(model.port, (one) => received.push(one))
  const grpc = await startGrpc((one) => received.push(one))
  return {
    httpPort: http.port,
    grpcPort: grpc.port,
    /** All requests up to now. */
    received: (): readonly Received[] => received,
    /** The requests with this id. */
    receivedWith: (requestId: string) =>
      received.filter(({ headers }) => headers['x-request-id'] === requestId),
    close: async () => {
      await Promise.all([http.close(), grpc.close()])
      await model.close()
    },
  }
}

async function startHttp(modelPort: number, receive: (one: Received) => void) {
  const server = createServer((incoming, outgoing) => {
    const { method = '', url = '', headers } = incoming
    receive({ method, path: url, headers })
    const [path = ''] = url.split('?', 1)
    if (OF_QUEUE_PROXY.includes(path)) outgoing.end('queue-proxy\n')
    else passOn(incoming, outgoing, { port: modelPort, method, path: url, headers })
  })
  server.on('upgrade', (incoming, socket) => {
    const { method = '', url = '', headers } = incoming
    receive({ method, path: url, headers })
    answerUpgrade(incoming, socket, {})
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, '127.0.0.1', resolve)
  })
  const address = server.address()
  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

type Onward = { port: number; method: string; path: string; headers: IncomingHttpHeaders }

function passOn(incoming: IncomingMessage, outgoing: ServerResponse, onward: Onward) {
  const sent = request({ host: '127.0.0.1', agent: false, ...onward }, (answer) => {
    outgoing.writeHead(answer.statusCode ?? 502, answer.headers)
    answer.pipe(outgoing)
  })
  sent.on('error', () => outgoing.destroy())
  incoming.pipe(sent)
}

const bytes = (value: Buffer) => value

const PATH = '/inference.GRPCInferenceService/ModelInfer'

const INFERENCE: ServiceDefinition = {
  ModelInfer: {
    path: PATH,
    requestStream: false,
    responseStream: false,
    requestSerialize: bytes,
    requestDeserialize: bytes,
    responseSerialize: bytes,
    responseDeserialize: bytes,
  },
}

/** Answers with the request's own bytes: both messages start with the name of the model. */
async function startGrpc(receive: (one: Received) => void) {
  const server = new Server()
  server.addService(INFERENCE, {
    ModelInfer: (
      call: { request: Buffer; metadata: { getMap: () => Received['headers'] } },
      callback: (error: null, answer: Buffer) => void,
    ) => {
      receive({ method: 'POST', path: PATH, headers: call.metadata.getMap() })
      callback(null, call.request)
    },
  })
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    )
  })
  return { port, close: async () => server.forceShutdown() }
}
