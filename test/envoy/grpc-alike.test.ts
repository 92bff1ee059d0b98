import { Server, ServerCredentials } from '@grpc/grpc-js'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { createCheckHandler } from '../../src/envoy/check-handler.ts'
import { encodeCheckRequest } from '../../src/envoy/protocol.ts'
import { type EnvoyServer, serveChecks } from '../../src/envoy/server.ts'
import { authorizationService } from '../../testing/envoy/authorization-service.ts'
import { aCheck } from '../../testing/envoy/check-client.ts'
import { aCheckParts } from '../../testing/envoy/check-parts.ts'
import { begin, framed, rawConnection } from '../../testing/envoy/raw-grpc.ts'
import { createRandom } from '../../testing/routes/random.ts'

// The oracle is the server of grpc-js, with the same handler of checks.

const CASES = 300
const { below, chance, pick } = createRandom(11)

let ours: EnvoyServer
const theirs = new Server()
let theirPort = 0

beforeAll(async () => {
  ours = await serveChecks({ position: 'gateway', address: '127.0.0.1:0' }, aCheckParts())
  const handle = createCheckHandler('gateway', aCheckParts())
  theirs.addService(authorizationService(), {
    Check: ({ request }: { readonly request: Buffer }, callback: Parameters<typeof handle>[1]) =>
      handle({ request, peerAddress: '127.0.0.1', deadline: Number.POSITIVE_INFINITY }, callback),
  })
  theirPort = await new Promise<number>((resolve, reject) => {
    theirs.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, port) =>
      error === null ? resolve(port) : reject(error),
    )
  })
})

afterAll(async () => {
  theirs.forceShutdown()
  await ours.close(0)
})

type Sent = { readonly parts: readonly Buffer[]; readonly headers: Record<string, string> }

function aRequest(): Sent {
  const path = `/${'a'.repeat(below(40_000))}`
  const message = encodeCheckRequest(aCheck(chance(0.5) ? {} : { path }))
  const bytes = chance(0.9) ? framed(mutated(message)) : framed(Buffer.of())
  const headers: Record<string, string> = {}
  if (chance(0.3)) headers['grpc-timeout'] = pick(['10S', '1H', '', '1', 'x', '1s'])
  if (chance(0.2)) headers['grpc-encoding'] = pick(['identity', 'gzip', 'br'])
  if (chance(0.2)) headers['content-type'] = pick(['application/grpc+proto', 'application/grpcx'])
  return { parts: split(bytes), headers }
}

function mutated(bytes: Buffer): Buffer {
  if (chance(0.6)) return bytes
  const copy = Buffer.from(bytes)
  const kind = below(3)
  if (kind === 0) return copy.subarray(0, below(copy.length))
  if (kind === 1) return Buffer.concat([copy, Buffer.alloc(1 + below(20))])
  copy[below(copy.length)] = below(256)
  return copy
}

function split(bytes: Buffer): readonly Buffer[] {
  const cuts = Array.from({ length: below(4) }, () => below(bytes.length + 1))
  const ends = [...cuts.toSorted((a, b) => a - b), bytes.length]
  return ends.map((end, index) => bytes.subarray(index === 0 ? 0 : ends[index - 1], end))
}

/** The replies to these requests, which are sent at once on one connection. */
async function repliesOf(port: number, requests: readonly Sent[]) {
  const session = await rawConnection(port)
  try {
    const replies = requests.map(({ parts, headers }) => {
      const { stream, reply } = begin(session, { headers })
      for (const part of parts) stream.write(part)
      stream.end()
      return reply
    })
    return await Promise.all(replies)
  } finally {
    session.destroy()
  }
}

it('requests get the answers of grpc-js', async () => {
  const statuses = new Set<string>()
  for (let each = 0; each < CASES / 10; each += 1) {
    const sent = Array.from({ length: 10 }, aRequest)
    const replies = await repliesOf(theirPort, sent)
    expect(await repliesOf(ours.port, sent), `round ${each}`).toEqual(replies)
    for (const { status, answer } of replies) statuses.add(`${status} ${answer?.status?.code}`)
  }
  // Answered, refused, and not valid for gRPC.
  expect(statuses.size).toBeGreaterThan(2)
})
