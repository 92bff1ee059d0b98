import { afterAll, beforeAll, expect, it } from 'vitest'
import { encodeCheckRequest } from '../../src/envoy/protocol.ts'
import { type EnvoyServer, serveChecks } from '../../src/envoy/server.ts'
import { aCheck } from '../../testing/envoy/check-client.ts'
import { aCheckParts } from '../../testing/envoy/check-parts.ts'
import { begin, framed, rawConnection, use } from '../../testing/envoy/raw-grpc.ts'
import { createRandom } from '../../testing/routes/random.ts'

// The oracle is grpc-js: it reads the first check of a connection, and none of the later ones.

const CASES = 300
const { below, chance, pick } = createRandom(11)

let server: EnvoyServer

beforeAll(async () => {
  server = await serveChecks({ position: 'gateway', address: '127.0.0.1:0' }, aCheckParts())
})

afterAll(() => server.close(0))

type Sent = { readonly parts: readonly Buffer[]; readonly headers: Record<string, string> }

function aRequest(): Sent {
  const path = `/${'a'.repeat(below(40_000))}`
  const message = encodeCheckRequest(aCheck(chance(0.5) ? {} : { path }))
  const bytes = mutated(chance(0.9) ? framed(message) : framed(Buffer.of()))
  const headers: Record<string, string> = {}
  if (chance(0.3)) headers['grpc-timeout'] = pick(['10S', '1H', '', '1', 'x', '-1S'])
  if (chance(0.2)) headers['grpc-encoding'] = pick(['identity', 'gzip', 'br'])
  if (chance(0.2)) headers['content-type'] = pick(['application/grpc+proto', 'application/grpcx'])
  return { parts: split(bytes), headers }
}

function mutated(bytes: Buffer): Buffer {
  if (chance(0.6)) return bytes
  const copy = Buffer.from(bytes)
  const kind = below(4)
  if (kind === 0) return copy.subarray(0, below(copy.length))
  if (kind === 1) return Buffer.concat([copy, Buffer.alloc(1 + below(20))])
  const at = kind === 2 ? below(5) : below(copy.length)
  copy[at] = below(256)
  return copy
}

function split(bytes: Buffer): readonly Buffer[] {
  const cuts = Array.from({ length: below(4) }, () => below(bytes.length + 1))
  const ends = [...cuts.toSorted((a, b) => a - b), bytes.length]
  return ends.map((end, index) => bytes.subarray(index === 0 ? 0 : ends[index - 1], end))
}

/** The reply to the first request of a connection, or to a later one. */
async function replyTo({ parts, headers }: Sent, isLater: boolean) {
  const session = await rawConnection(server.port)
  try {
    if (isLater) await use(session)
    const { stream, reply } = begin(session, { headers })
    for (const part of parts) stream.write(part)
    stream.end()
    return await reply
  } finally {
    session.destroy()
  }
}

it('grpc-js and the reader of later checks give the same answers to the same bytes', async () => {
  const statuses = new Set<string | undefined>()
  for (let each = 0; each < CASES; each += 1) {
    const sent = aRequest()
    const first = await replyTo(sent, false)
    expect(await replyTo(sent, true), `case ${each}`).toEqual(first)
    statuses.add(`${first.status} ${first.answer?.status?.code}`)
  }
  // Answered, refused, without a message, and not gRPC.
  expect(statuses.size).toBeGreaterThan(3)
})
