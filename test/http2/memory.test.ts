import { duplexPair } from 'node:stream'
import { describe, expect, it } from 'vitest'
import { serveHttp2 } from '../../src/http2/connection.ts'
import { arrayBuffersInUse } from '../../testing/garbage.ts'
import {
  END_HEADERS,
  END_STREAM,
  frame,
  GREETING,
  HEADERS,
  POST,
} from '../../testing/http2/raw-client.ts'

const CONNECTIONS = 300
const KIBIBYTE = 1_024

const head = (flags: number, id: number, block = POST) => frame(HEADERS, flags, id, block)

/** The bytes that are kept for each of many connections that have received this. Others work in between. */
async function keptFor(bytes: Buffer): Promise<number> {
  const open: unknown[] = []
  const before = await arrayBuffersInUse()
  for (let count = 0; count < CONNECTIONS; count += 1) {
    const [client, server] = duplexPair()
    const connection = serveHttp2<undefined>(server, 100, {
      begin: (stream, { sendHead }) => sendHead(stream, POST, true),
      data: () => {},
      end: () => {},
      close: () => {},
      fail: () => {},
    })
    client.resume()
    client.write(bytes)
    await new Promise(setImmediate)
    open.push(connection, client)
    // They use up the pool of Node.js.
    for (let other = 0; other < 4; other += 1) Buffer.allocUnsafe(Buffer.poolSize / 2 - 1)
  }
  const kept = (await arrayBuffersInUse()) - before
  expect(open).toHaveLength(2 * CONNECTIONS)
  return kept / CONNECTIONS
}

describe('a connection', () => {
  const isWhole = END_HEADERS + END_STREAM

  it.each([
    ['nothing yet', GREETING],
    ['a request', Buffer.concat([GREETING, head(isWhole, 1)])],
    [
      'a part of a frame',
      Buffer.concat([GREETING, head(isWhole, 1, Buffer.alloc(100)).subarray(0, 20)]),
    ],
    ['a part of a header block', Buffer.concat([GREETING, head(END_STREAM, 1)])],
    [
      'a long header block',
      Buffer.concat([
        GREETING,
        head(isWhole, 1, Buffer.concat([POST, Buffer.alloc(12_000, 0x82)])),
      ]),
    ],
  ])('keeps little memory for %s', async (_what, bytes) => {
    expect(await keptFor(bytes)).toBeLessThan(2 * KIBIBYTE)
  })
})
