import { once } from 'node:events'
import net, { type Socket } from 'node:net'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { serveHttp2 } from '../../src/http2/connection.ts'
import { createFrameReader } from '../../src/http2/frame-reader.ts'
import { USELESS_AT_ONCE } from '../../src/http2/patience.ts'
import { ERROR, FLAG, FRAME, frameOf, PREFACE } from '../../src/http2/protocol.ts'
import type { ServerConnection } from '../../src/http2/stream.ts'

const NOTHING = Buffer.alloc(0)
const GREETING = Buffer.concat([PREFACE, frameOf(FRAME.settings, 0, 0, NOTHING)])
/** `:method: POST`, `:scheme: http` and `:path: /`: indexes of the static table. */
const BLOCK = Buffer.of(0x83, 0x86, 0x84)

const begun = (id: number, block = BLOCK) => frameOf(FRAME.headers, 0, id, block)
const request = (id: number) => frameOf(FRAME.headers, FLAG.endHeaders, id, BLOCK)
const lastPart = (id: number) => frameOf(FRAME.continuation, FLAG.endHeaders, id, NOTHING)
const times = (count: number, frame: Buffer) => Buffer.concat(Array<Buffer>(count).fill(frame))
const pings = (count: number) => times(count, frameOf(FRAME.ping, FLAG.ack, 0, Buffer.alloc(8)))

type GoAway = { readonly lastId: number; readonly code: number }

/** A connection whose requests are not answered. */
async function connected() {
  const open = new Set<number>()
  const accepted: { socket: Socket; http2: ServerConnection<unknown> }[] = []
  const server = net.createServer((socket) => {
    socket.on('error', () => {})
    const http2 = serveHttp2<unknown>(socket, 100, {
      begin: ({ id }) => void open.add(id),
      data: () => {},
      end: () => {},
      close: ({ id }) => void open.delete(id),
      fail: () => {},
    })
    accepted.push({ socket, http2 })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const bound = server.address()
  const client = net.connect(typeof bound === 'object' && bound !== null ? bound.port : 0)
  client.on('error', () => {})
  onTestFinished(async () => {
    client.destroy()
    for (const { socket } of accepted) socket.destroy()
    await new Promise((resolve) => server.close(resolve))
  })
  const goAways: GoAway[] = []
  const read = createFrameReader(
    (type, _flags, _id, payload) => {
      if (type !== FRAME.goAway) return
      goAways.push({ lastId: payload.readUInt32BE(), code: payload.readUInt32BE(4) })
    },
    () => {},
  )
  read(PREFACE)
  client.on('data', read)
  return { client, open, goAways, close: () => accepted[0]?.http2.close() }
}

describe('a connection that ends for a fault', () => {
  it('begins no request with the frame that is one too many', async () => {
    // The patience comes back with time.
    const now = vi.spyOn(performance, 'now').mockReturnValue(0)
    onTestFinished(() => now.mockRestore())
    const { client, open, goAways } = await connected()
    client.end(Buffer.concat([GREETING, pings(USELESS_AT_ONCE), begun(1), lastPart(1)]))
    await once(client, 'close')

    expect(goAways).toEqual([{ lastId: 0, code: ERROR.enhanceYourCalm }])
    expect(open).toEqual(new Set())
  })

  it('has got a header block in too many parts', async () => {
    const { client, goAways } = await connected()
    const part = frameOf(FRAME.continuation, 0, 1, BLOCK.subarray(0, 1))
    client.end(Buffer.concat([GREETING, begun(1), times(2 * USELESS_AT_ONCE, part)]))
    await once(client, 'close')

    expect(goAways).toEqual([{ lastId: 0, code: ERROR.enhanceYourCalm }])
  })

  it('names no later request than the GOAWAY before', async () => {
    const { client, open, goAways, close } = await connected()
    client.write(Buffer.concat([GREETING, request(1)]))
    await expect.poll(() => open).toEqual(new Set([1]))
    close()
    await expect.poll(() => goAways).toHaveLength(1)
    client.end(Buffer.concat([request(3), frameOf(FRAME.pushPromise, 0, 1, NOTHING)]))
    await once(client, 'close')

    expect(goAways).toEqual([
      { lastId: 1, code: ERROR.noError },
      { lastId: 1, code: ERROR.protocolError },
    ])
    expect(open).toEqual(new Set())
  })
})
