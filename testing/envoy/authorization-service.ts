import type { MethodDefinition } from '@grpc/grpc-js'
import { CHECK_PATH } from '../../src/envoy/protocol.ts'

const same = (bytes: Buffer) => bytes

/** The Authorization service for grpc-js, with bytes on both sides. */
export const authorizationService = (): { readonly Check: MethodDefinition<Buffer, Buffer> } => ({
  Check: {
    path: CHECK_PATH,
    requestStream: false,
    responseStream: false,
    requestSerialize: same,
    requestDeserialize: same,
    responseSerialize: same,
    responseDeserialize: same,
  },
})
