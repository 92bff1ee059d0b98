import {
  Client,
  credentials,
  Metadata,
  Server,
  ServerCredentials,
  type ServiceError,
} from '@grpc/grpc-js'

const MODEL_INFER = '/inference.GRPCInferenceService/ModelInfer'
const DEADLINE_MS = 5_000

const asIs = (bytes: Buffer): Buffer => bytes

/** A model with gRPC (KServe V2) that answers every ModelInfer with the received metadata. */
export async function startGrpcModel() {
  const server = new Server()
  server.addService(
    {
      ModelInfer: {
        path: MODEL_INFER,
        requestStream: false,
        responseStream: false,
        requestSerialize: asIs,
        requestDeserialize: asIs,
        responseSerialize: asIs,
        responseDeserialize: asIs,
      },
    },
    {
      ModelInfer: (
        { metadata }: { readonly metadata: Metadata },
        reply: (error: null, bytes: Buffer) => void,
      ) => reply(null, Buffer.from(JSON.stringify(metadata.getMap()))),
    },
  )
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    )
  })
  return { port, close: async () => server.forceShutdown() }
}

type To = {
  readonly port: number
  readonly address?: string
  /** For mutual TLS; PEM. */
  readonly tls?: { readonly cert: Buffer; readonly key: Buffer; readonly ca: Buffer }
}

/** In a mesh the name in a certificate is not a host name. */
export const channelOf = ({ tls }: Pick<To, 'tls'>) =>
  tls === undefined
    ? credentials.createInsecure()
    : credentials.createSsl(tls.ca, tls.key, tls.cert, { checkServerIdentity: () => undefined })

type Call = {
  /** The authority. */
  readonly host: string
  readonly metadata?: Readonly<Record<string, string | readonly string[]>>
  readonly path?: string
}

export type GrpcReply = {
  /** The gRPC status; 0 is OK. */
  readonly code: number
  readonly message: string
  /** The details of a status other than OK. */
  readonly headers: Readonly<Record<string, unknown>>
  /** The metadata that reached the model. */
  readonly reached: Readonly<Record<string, unknown>>
}

/** Calls ModelInfer once, over a separate connection. */
export async function modelInfer(
  to: To,
  { host, metadata: given = {}, path = MODEL_INFER }: Call,
): Promise<GrpcReply> {
  const { port, address = '127.0.0.1' } = to
  const client = new Client(`${address}:${port}`, channelOf(to), {
    'grpc.default_authority': host,
    'grpc.use_local_subchannel_pool': 1,
    'grpc.enable_retries': 0,
    'grpc.ssl_target_name_override': host,
  })
  const metadata = new Metadata()
  for (const [name, values] of Object.entries(given))
    for (const value of [values].flat()) metadata.add(name, value)
  try {
    return await new Promise((resolve) => {
      const options = { deadline: Date.now() + DEADLINE_MS }
      client.makeUnaryRequest(path, asIs, asIs, Buffer.of(), metadata, options, (error, bytes) =>
        resolve(error === null ? allowed(bytes) : refused(error)),
      )
    })
  } finally {
    client.close()
  }
}

const allowed = (bytes: Buffer | undefined): GrpcReply => ({
  code: 0,
  message: '',
  headers: {},
  reached: JSON.parse(String(bytes)),
})

const refused = ({ code, details, metadata }: ServiceError): GrpcReply => ({
  code,
  message: details,
  headers: metadata.getMap(),
  reached: {},
})
