import { Server, ServerCredentials, type ServerDuplexStream } from '@grpc/grpc-js'
import type protobuf from 'protobufjs'
import { ENVOY_PROTOS, loadProto } from '../envoy/proto-facts.ts'
import { listAt, textAt } from '../json.ts'

/** PEM. */
export type Certificate = { readonly cert: Buffer; readonly key: Buffer; readonly ca: Buffer }

const SECRET = 'envoy.extensions.transport_sockets.tls.v3.Secret'
const DISCOVERY = 'envoy.service.discovery.v3'

/**
 * Serves certificates over SDS instead of Istio's agent, to each proxy its own by its node id: `default`, and the
 * authorities as `ROOTCA`.
 */
export async function startSecretServer(certificateOf: (node: string) => Certificate | undefined) {
  const root = loadProto('envoy/service/secret/v3/sds.proto', ENVOY_PROTOS)
  root.loadSync('envoy/extensions/transport_sockets/tls/v3/secret.proto', { keepCase: true })
  root.resolveAll()
  const answer = answering(root, certificateOf)
  const server = new Server()
  server.addService(
    {
      StreamSecrets: {
        path: '/envoy.service.secret.v3.SecretDiscoveryService/StreamSecrets',
        requestStream: true,
        responseStream: true,
        requestDeserialize: (bytes: Buffer) =>
          root.lookupType(`${DISCOVERY}.DiscoveryRequest`).decode(bytes),
        requestSerialize: asIs,
        responseDeserialize: asIs,
        responseSerialize: asIs,
      },
    },
    {
      StreamSecrets: (stream: ServerDuplexStream<unknown, Buffer>) => {
        let node = ''
        stream.on('data', (request: unknown) => {
          node = textAt(request, 'node', 'id') || node
          // A request that names the last answer only acknowledges it.
          if (textAt(request, 'response_nonce') === '') stream.write(answer(node, request))
        })
        stream.on('error', () => {})
        stream.on('end', () => stream.end())
      },
    },
  )
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    )
  })
  return { port, close: async () => server.forceShutdown() }
}

const asIs = (bytes: Buffer): Buffer => bytes

function answering(root: protobuf.Root, certificateOf: (node: string) => Certificate | undefined) {
  const secret = root.lookupType(SECRET)
  const response = root.lookupType(`${DISCOVERY}.DiscoveryResponse`)
  const typeUrl = `type.googleapis.com/${SECRET}`
  return (node: string, request: unknown): Buffer => {
    const certificate = certificateOf(node)
    if (certificate === undefined) throw new Error(`unknown proxy ${node}`)
    const resources = listAt(request, 'resource_names').map((name) => ({
      type_url: typeUrl,
      value: secret
        .encode(secret.fromObject({ name, ...partOf(certificate, String(name)) }))
        .finish(),
    }))
    return Buffer.from(
      response
        .encode(
          response.fromObject({ version_info: '1', type_url: typeUrl, nonce: '1', resources }),
        )
        .finish(),
    )
  }
}

const partOf = ({ cert, key, ca }: Certificate, name: string) =>
  name === 'ROOTCA'
    ? { validation_context: { trusted_ca: { inline_bytes: ca } } }
    : {
        tls_certificate: {
          certificate_chain: { inline_bytes: cert },
          private_key: { inline_bytes: key },
        },
      }
