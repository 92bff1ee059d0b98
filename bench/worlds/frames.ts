import { bytesField, message, numberField, textField } from '../../testing/envoy/protobuf-writer.ts'
import { addressOf, type Model, PORT } from './world.ts'

/** One request to a model, as its sidecar describes it. */
export type Asked = {
  readonly model: Model
  readonly method?: 'GET' | 'POST'
  readonly path?: string
  /** In addition to the seventeen that every request has. */
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: Buffer
}

/**
 * The bytes of a CheckRequest as the sidecar of the model's pod sends it. Fields that `proto/` does not declare are
 * included, because real requests have them: time, size, body.
 */
export function frameOf({ model, method = 'POST', path, headers = {}, body }: Asked): Buffer {
  const target = path ?? `/v1/models/${model.name}:predict`
  const host = `${model.name}-predictor.${model.namespace}.svc.cluster.local`
  const http = message(
    textField(1, '6175360493306380109'),
    textField(2, method),
    ...Object.entries({ ...usual(method, target, host, model), ...headers }).map(headerField),
    textField(4, target),
    textField(5, host),
    textField(6, 'http'),
    numberField(9, body?.length ?? 48),
    textField(10, 'HTTP/1.1'),
    ...(body === undefined ? [] : [bytesField(12, body)]),
  )
  const time = message(numberField(1, 1_795_302_693), numberField(2, 601_804_000))
  const attributes = message(
    bytesField(1, peer(CLIENT_ADDRESS, 40_364, CLIENT)),
    bytesField(2, peer(addressOf(model), PORT, ownPrincipal(model))),
    bytesField(4, message(bytesField(1, time), bytesField(2, http))),
    bytesField(11, message()),
    bytesField(13, message()),
  )
  return bytesField(1, attributes)
}

const CLIENT = 'spiffe://cluster.local/ns/istio-system/sa/istio-ingressgateway-service-account'
const CERTIFICATE = 'cb50d02fb2a186c5ad5bd5f22e80bfb7599a09eb7c98340a43184276e69aac06'
const CLIENT_ADDRESS = '10.128.0.7'

const ownPrincipal = ({ namespace }: Model) => `spiffe://cluster.local/ns/${namespace}/sa/default`

function peer(address: string, port: number, principal: string): Buffer {
  const socket = message(textField(2, address), numberField(3, port))
  return message(bytesField(1, message(bytesField(1, socket))), textField(4, principal))
}

const headerField = ([name, value]: readonly [string, string]): Buffer =>
  bytesField(3, message(textField(1, name), textField(2, value)))

/** The headers of a request that came through an ingress gateway with tracing. */
const usual = (
  method: string,
  path: string,
  host: string,
  model: Model,
): Readonly<Record<string, string>> => ({
  ':authority': host,
  ':method': method,
  ':path': path,
  ':scheme': 'http',
  accept: '*/*',
  'content-length': '48',
  'content-type': 'application/json',
  'user-agent': 'python-requests/2.32.3',
  'x-b3-parentspanid': '463ac35c9f6413ad',
  'x-b3-sampled': '1',
  'x-b3-spanid': 'a2fb4a1d1a96d312',
  'x-b3-traceid': '463ac35c9f6413ad48485a3953bb6124',
  'x-envoy-attempt-count': '1',
  'x-forwarded-client-cert': `By=${ownPrincipal(model)};Hash=${CERTIFICATE};Subject="";URI=${CLIENT}`,
  'x-forwarded-for': '192.0.2.10',
  'x-forwarded-proto': 'https',
  'x-request-id': '482e3421-c4e4-4711-a104-f15b95d753c8',
})

/** A message as gRPC sends it: not compressed, with its length. */
export function grpcMessage(frame: Buffer): Buffer {
  const prefix = Buffer.alloc(5)
  prefix.writeUInt32BE(frame.length, 1)
  return Buffer.concat([prefix, frame])
}
