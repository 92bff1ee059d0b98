// Encodes and decodes Envoy's messages.

import { fileURLToPath } from 'node:url'
import { loadSync } from '@grpc/proto-loader'
import { isRecord } from '../common/json.ts'
import { ownBytes } from '../common/own-bytes.ts'
import { MAX_REQUEST_BYTES } from './bounds.ts'
import { hasTooManyFields } from './field-count.ts'
import type { CheckRequest, CheckResponse, DecodedCheckResponse } from './messages.ts'

/** A request that has too many bytes or fields, or cannot be decoded. */
export const UNREADABLE = Symbol('unreadable request')
export type Unreadable = typeof UNREADABLE

/** Answers the bytes of a check with the bytes of an answer, once. */
export type CheckHandler = (
  call: {
    readonly request: Buffer
    /** Without the port: a proxy has several connections. */
    readonly peerAddress: string
    /** As `Date.now()`. */
    readonly deadline: number
  },
  callback: (error: null, answer: Buffer) => void,
) => void

const SERVICE = 'envoy.service.auth.v3.Authorization'

type LoadedMethod = {
  readonly path: string
  readonly requestStream: boolean
  readonly responseStream: boolean
  readonly requestSerialize: (request: object) => Buffer
  readonly requestDeserialize: (bytes: Buffer) => CheckRequest
  readonly responseSerialize: (response: CheckResponse) => Buffer
  readonly responseDeserialize: (bytes: Buffer) => DecodedCheckResponse
}

const check = loadCheck()

/** For what `encode-allow.ts` does not write itself; denials are put together in `encode-denials.ts`. */
export const encodeCheckResponse = (response: CheckResponse): Buffer =>
  ownBytes(check.responseSerialize(response))
export const decodeCheckResponse = check.responseDeserialize
export const encodeCheckRequest = (request: CheckRequest): Buffer => check.requestSerialize(request)

/** Encodes an untrusted value, such as a parsed file; `undefined`: not a CheckRequest. */
export function encodeForeignCheckRequest(value: unknown): Buffer | undefined {
  if (!isRecord(value) || !isRecord(value.attributes)) return undefined
  try {
    return check.requestSerialize(value)
  } catch {
    return undefined
  }
}

/** The path of a check. */
export const CHECK_PATH = check.path

/** Never throws. */
export function decodeCheckRequest(bytes: Buffer): CheckRequest | Unreadable {
  if (bytes.length > MAX_REQUEST_BYTES || hasTooManyFields(bytes)) return UNREADABLE
  try {
    return check.requestDeserialize(bytes)
  } catch {
    return UNREADABLE
  }
}

function loadCheck(): LoadedMethod {
  const definition = loadSync('envoy/service/auth/v3/external_auth.proto', {
    keepCase: true,
    longs: Number,
    enums: Number,
    defaults: false,
    oneofs: false,
    includeDirs: [fileURLToPath(new URL('../../proto', import.meta.url))],
  })
  const service: unknown = definition[SERVICE]
  const method = isRecord(service) ? service.Check : undefined
  if (!isCheck(method)) throw new Error(`proto/ has no unary method Check in ${SERVICE}`)
  return method
}

/** `proto/` guarantees that the codecs match these types. */
function isCheck(method: unknown): method is LoadedMethod {
  return (
    isRecord(method) &&
    method.path === `/${SERVICE}/Check` &&
    method.requestStream === false &&
    method.responseStream === false &&
    ['requestSerialize', 'requestDeserialize', 'responseSerialize', 'responseDeserialize'].every(
      (codec) => typeof method[codec] === 'function',
    )
  )
}
