import { Client, credentials, Metadata, type ServiceError } from '@grpc/grpc-js'
import { service as HEALTH } from 'grpc-health-check'
import type { CheckRequest, DecodedCheckResponse, HeaderOption } from '../../src/envoy/messages.ts'
import { CHECK_PATH, decodeCheckResponse, encodeCheckRequest } from '../../src/envoy/protocol.ts'
import { mustTellNothing, noteHeaders } from '../leaks.ts'

export type CheckClient = {
  /** Sends a check as a proxy does; rejects with the gRPC error if there is no answer. */
  readonly check: (request: CheckRequest, grpcTimeout?: string) => Promise<DecodedCheckResponse>
  /** Sends these bytes instead of a CheckRequest; `grpcTimeout` in the format of gRPC's header, such as `50m`. */
  readonly checkBytes: (message: Buffer, grpcTimeout?: string) => Promise<Buffer>
  readonly health: (service: string) => Promise<object>
  readonly listHealth: () => Promise<object>
  /** Each call returns the next reported state; the last one ends when the server stops. */
  readonly watchHealth: (service: string) => () => Promise<unknown>
  readonly close: () => void
}

const same = (bytes: Buffer) => bytes

/** A client of one server on loopback, as plain as Envoy's. */
export function checkClient(port: number): CheckClient {
  const client = new Client(`127.0.0.1:${port}`, credentials.createInsecure(), {
    'grpc.max_send_message_length': -1,
    'grpc.use_local_subchannel_pool': 1,
  })
  const checkBytes = (message: Buffer, grpcTimeout?: string) =>
    new Promise<Buffer>((resolve, reject) => {
      const metadata = new Metadata()
      if (grpcTimeout !== undefined) metadata.set('grpc-timeout', grpcTimeout)
      client.makeUnaryRequest(CHECK_PATH, same, same, message, metadata, settle(resolve, reject))
    })
  const askHealth = (name: string, request: object) =>
    new Promise<object>((resolve, reject) => {
      const { path, requestSerialize, responseDeserialize } = healthMethod(name)
      client.makeUnaryRequest(
        path,
        requestSerialize,
        responseDeserialize,
        request,
        settle(resolve, reject),
      )
    })

  return {
    check: async (request, grpcTimeout) => {
      noteHeaders(Object.entries(request.attributes?.request?.http?.headers ?? {}))
      const answer = decodeCheckResponse(await checkBytes(encodeCheckRequest(request), grpcTimeout))
      mustTellNothing('an answer', [answer.denied_response])
      return answer
    },
    checkBytes,
    health: (service) => askHealth('Check', { service }),
    listHealth: () => askHealth('List', {}),
    watchHealth: (service) => {
      const { path, requestSerialize, responseDeserialize } = healthMethod('Watch')
      const stream = client.makeServerStreamRequest(path, requestSerialize, responseDeserialize, {
        service,
      })
      const states: AsyncIterator<unknown> = stream[Symbol.asyncIterator]()
      return async () => (await states.next()).value
    },
    close: () => client.close(),
  }
}

const settle =
  <T>(resolve: (value: T) => void, reject: (error: Error) => void) =>
  (error: ServiceError | null, value?: T) =>
    value === undefined ? reject(error ?? new Error('no answer')) : resolve(value)

function healthMethod(name: string) {
  const method = HEALTH[name]
  if (method === undefined) throw new Error(`gRPC health has no method ${name}`)
  return method
}

/** Envoy allows a request on code 0, which is also the meaning of an empty message. */
export const isAllowed = ({ status }: DecodedCheckResponse): boolean => (status?.code ?? 0) === 0

/** Header options as names and values, in their order. */
export const headersIn = (options: readonly HeaderOption[] = []): readonly [string, string][] =>
  options.map(({ header }) => [header.key, header.value ?? ''])

/** The parts of a denial that a client sees. */
export const denialIn = ({ status, denied_response: denied }: DecodedCheckResponse) => ({
  code: status?.code,
  httpStatus: denied?.status?.code,
  headers: Object.fromEntries(headersIn(denied?.headers)),
  body: denied?.body,
})

/** A CheckRequest for HTTP, as Envoy sends it for a prediction of iris.example.com. */
export const aCheck = (
  http: NonNullable<NonNullable<CheckRequest['attributes']>['request']>['http'] = {},
  attributes: Omit<NonNullable<CheckRequest['attributes']>, 'request'> = {},
): CheckRequest => ({
  attributes: {
    ...attributes,
    request: {
      http: {
        method: 'POST',
        path: '/v1/models/iris:predict',
        host: 'iris.example.com',
        headers: {},
        ...http,
      },
    },
  },
})
