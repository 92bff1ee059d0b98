import { once } from 'node:events'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { USELESS_AT_ONCE } from '../../src/http2/patience.ts'
import { ERROR } from '../../src/http2/protocol.ts'
import {
  ACK,
  CONTINUATION,
  END_HEADERS,
  type Frame,
  frame,
  GOAWAY,
  HEADERS,
  http2Server,
  PING,
  POST,
  PUSH_PROMISE,
  rawClient,
  SETTINGS,
} from '../../testing/http2/raw-client.ts'

const begun = (id: number, block = POST) => frame(HEADERS, 0, id, block)
const request = (id: number) => frame(HEADERS, END_HEADERS, id, POST)
const times = (count: number, one: Buffer) => Array<Buffer>(count).fill(one)

/** A connection whose requests are not answered. */
async function connected() {
  const server = await http2Server(() => {})
  onTestFinished(server.close)
  const client = await rawClient(server.port, frame(SETTINGS, 0, 0))
  onTestFinished(() => void client.close())
  return {
    client,
    server,
    /** Sends the last frames, and waits for the end of the connection. */
    end: async (...frames: readonly Buffer[]) => {
      client.socket.end(Buffer.concat(frames))
      await once(client.socket, 'close')
    },
    goAways: () => client.of(GOAWAY).map(goAwayIn),
    open: () => server.seen.filter(({ closed }) => closed === undefined).length,
  }
}

const goAwayIn = ({ payload }: Frame) => ({
  lastId: payload.readUInt32BE(),
  code: payload.readUInt32BE(4),
})

describe('a connection that ends for a fault', () => {
  it('begins no request with the frame that is one too many', async () => {
    // The patience comes back with time.
    const now = vi.spyOn(performance, 'now').mockReturnValue(0)
    onTestFinished(() => now.mockRestore())
    const { server, end, goAways } = await connected()
    const pings = times(USELESS_AT_ONCE, frame(PING, ACK, 0, Buffer.alloc(8)))
    await end(...pings, begun(1), frame(CONTINUATION, END_HEADERS, 1))

    expect(goAways()).toEqual([{ lastId: 0, code: ERROR.enhanceYourCalm }])
    expect(server.seen).toEqual([])
  })

  it('has got a header block in too many parts', async () => {
    const { end, goAways } = await connected()
    const part = frame(CONTINUATION, 0, 1, POST.subarray(0, 1))
    await end(begun(1), ...times(2 * USELESS_AT_ONCE, part))

    expect(goAways()).toEqual([{ lastId: 0, code: ERROR.enhanceYourCalm }])
  })

  it('names no later request than the GOAWAY before', async () => {
    const { client, server, end, goAways, open } = await connected()
    client.send(request(1))
    await expect.poll(open).toBe(1)
    server.connections[0]?.close()
    await expect.poll(goAways).toHaveLength(1)
    await end(request(3), frame(PUSH_PROMISE, 0, 1))

    expect(goAways()).toEqual([
      { lastId: 1, code: ERROR.noError },
      { lastId: 1, code: ERROR.protocolError },
    ])
    expect(open()).toBe(0)
  })
})
