import { Server, ServerCredentials } from '@grpc/grpc-js'
import type { CheckRequest, CheckResponse } from '../src/envoy/messages.ts'
import { decodeCheckRequest, encodeCheckResponse, type Unreadable } from '../src/envoy/protocol.ts'
import { authorizationService } from '../testing/envoy/authorization-service.ts'

// The least work of a server of checks in grpc-js: it reads each message and writes the same answer.
// Usage: null-server.ts PORT

const OPTIONS = {
  'grpc.max_receive_message_length': 64 * 1024 * 1024,
  'grpc.max_connection_age_ms': 30 * 60 * 1_000,
  'grpc.max_connection_age_grace_ms': 10_000,
  'grpc.enable_channelz': 0,
}

const { Check } = authorizationService()
const ALLOWED: CheckResponse = { status: { code: 0 }, ok_response: {} }

const server = new Server(OPTIONS)
server.addService(
  {
    Check: {
      ...Check,
      requestSerialize: () => Buffer.alloc(0),
      requestDeserialize: decodeCheckRequest,
      responseSerialize: encodeCheckResponse,
      responseDeserialize: () => ALLOWED,
    },
  },
  {
    Check: (
      _call: { readonly request: CheckRequest | Unreadable },
      callback: (error: null, answer: CheckResponse) => void,
    ) => callback(null, ALLOWED),
  },
)
const address = `127.0.0.1:${process.argv[2]}`
server.bindAsync(address, ServerCredentials.createInsecure(), (error) => {
  if (error !== null) throw error
})
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => process.exit(0))
