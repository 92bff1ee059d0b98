import { Client, credentials } from '@grpc/grpc-js'
import { DENIALS } from '../../src/envoy/denials.ts'
import type { DecodedCheckResponse } from '../../src/envoy/messages.ts'
import { CHECK_PATH, decodeCheckResponse } from '../../src/envoy/protocol.ts'
import type { Expected } from '../worlds/scenario.ts'

const same = (bytes: Buffer) => bytes
const DEADLINE_MS = 5_000

/** Sends each check once, as a gRPC client, and decodes the answers. */
export async function ask(
  port: number,
  frames: readonly Buffer[],
): Promise<readonly DecodedCheckResponse[]> {
  const client = new Client(`127.0.0.1:${port}`, credentials.createInsecure(), {
    'grpc.use_local_subchannel_pool': 1,
  })
  const askOnce = (frame: Buffer) =>
    new Promise<DecodedCheckResponse>((resolve, reject) => {
      const deadline = Date.now() + DEADLINE_MS
      client.makeUnaryRequest(CHECK_PATH, same, same, frame, { deadline }, (error, bytes) => {
        if (bytes === undefined) reject(error ?? new Error('no answer'))
        else resolve(decodeCheckResponse(bytes))
      })
    })
  try {
    return await Promise.all(frames.map(askOnce))
  } finally {
    client.close()
  }
}

const USER_HEADER = 'x-auth-request-user'
const REASON_HEADER = 'x-ext-auth-reason'

/** How an answer differs from the expected one; `undefined`: it does not. */
export function faultIn(answer: DecodedCheckResponse, expected: Expected): string | undefined {
  const { status, ok_response: ok, denied_response: denied } = answer
  const told = JSON.stringify(answer)
  if (expected.outcome === 'allow') {
    if ((status?.code ?? 0) !== 0 || ok === undefined) return `not allowed: ${told}`
    const user = ok.headers?.find(({ header }) => header.key === USER_HEADER)?.header.value
    return user === expected.user ? undefined : `not as ${expected.user}: ${told}`
  }
  const { httpStatus, phrase } = DENIALS[expected.reason]
  const reason = denied?.headers?.find(({ header }) => header.key === REASON_HEADER)?.header.value
  return denied?.status?.code === httpStatus && reason === phrase
    ? undefined
    : `not denied with ${expected.reason}: ${told}`
}
