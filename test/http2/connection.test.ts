import { setImmediate as turn } from 'node:timers/promises'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { MAX_LIST_BYTES } from '../../src/http2/hpack.ts'
import { MAX_UNSENT_BYTES } from '../../src/http2/output.ts'
import { USELESS_AT_ONCE } from '../../src/http2/patience.ts'
import { CONNECTION_WINDOW, STREAM_WINDOW } from '../../src/http2/request-frames.ts'
import type { ServerConnection, ServerStream } from '../../src/http2/stream.ts'
import {
  ACK,
  CONTINUATION,
  DATA,
  END_HEADERS,
  END_STREAM,
  frame,
  GOAWAY,
  HEADERS,
  type Hooks,
  http2Server,
  number,
  PING,
  POST,
  PRIORITY,
  PUSH_PROMISE,
  RST_STREAM,
  rawClient,
  SETTINGS,
  type Seen,
  setting,
  WINDOW_UPDATE,
} from '../../testing/http2/raw-client.ts'

const HEAD = Buffer.of(0x88)
const TRAILERS = Buffer.from('\0\x01a\x01b', 'latin1')
const PROTOCOL_ERROR = 1
const FLOW_CONTROL_ERROR = 3
const STREAM_CLOSED = 5
const FRAME_SIZE_ERROR = 6
const REFUSED_STREAM = 7
const CANCEL = 8
const COMPRESSION_ERROR = 9
const ENHANCE_YOUR_CALM = 11
const INITIAL_WINDOW_SIZE = 4
const MAX_FRAME_SIZE = 5

const cleanups: (() => void)[] = []
afterEach(() => {
  for (const clean of cleanups.splice(0).reverse()) clean()
})

type Answer = (stream: ServerStream<Seen>, connection: ServerConnection<Seen>) => void

/** Answers with the bytes of the request. */
const echo: Answer = (stream, connection) =>
  connection.answer(stream, HEAD, Buffer.concat(stream.state?.parts ?? []), TRAILERS)

type Options = {
  readonly answer?: Answer
  readonly settings?: Buffer
  readonly maxStreams?: number
  readonly allowHalfOpen?: boolean
} & Hooks

async function connected({
  answer = echo,
  settings,
  maxStreams,
  allowHalfOpen,
  ...hooks
}: Options = {}) {
  const server = await http2Server(answer, maxStreams, hooks)
  cleanups.push(server.close)
  const client = await rawClient(server.port, frame(SETTINGS, 0, 0, settings), allowHalfOpen)
  cleanups.push(client.close)
  return { server, client }
}

const post = (id: number, flags = END_STREAM) => frame(HEADERS, END_HEADERS | flags, id, POST)
const data = (id: number, bytes: Buffer, flags = END_STREAM) => frame(DATA, flags, id, bytes)

/** The bytes of an answer, and whether it ended. */
function answerOf(client: Awaited<ReturnType<typeof rawClient>>, id: number) {
  const frames = client.frames().filter((each) => each.id === id)
  return {
    body: Buffer.concat(frames.filter(({ type }) => type === DATA).map(({ payload }) => payload)),
    isEnded: frames.some(({ flags, type }) => type === HEADERS && (flags & END_STREAM) !== 0),
    resets: frames
      .filter(({ type }) => type === RST_STREAM)
      .map(({ payload }) => payload.readUInt32BE()),
  }
}

/** The code of the last GOAWAY. */
const goneWith = (client: Awaited<ReturnType<typeof rawClient>>) =>
  client.of(GOAWAY).at(-1)?.payload.readUInt32BE(4)

describe('an answer', () => {
  it('has the bytes of its own request, among many at once', async () => {
    const { client, server } = await connected()
    const ids = Array.from({ length: 100 }, (_, index) => 2 * index + 1)
    client.send(...ids.flatMap((id) => [post(id, 0), data(id, number(id))]))
    await expect.poll(() => client.of(DATA)).toHaveLength(100)
    for (const id of ids)
      expect(answerOf(client, id)).toEqual({ body: number(id), isEnded: true, resets: [] })
    expect(server.seen.every(({ closed }) => closed === 0)).toBe(true)
  })

  it('waits for the window of its stream, byte by byte', async () => {
    const { client } = await connected({ settings: setting(INITIAL_WINDOW_SIZE, 0) })
    const body = Buffer.from('a body')
    client.send(post(1, 0), data(1, body))
    await expect.poll(() => client.of(HEADERS)).toHaveLength(1)
    for (let sent = 1; sent <= body.length; sent += 1) {
      client.send(frame(WINDOW_UPDATE, 0, 1, number(1)))
      await expect.poll(() => answerOf(client, 1).body).toEqual(body.subarray(0, sent))
      expect(answerOf(client, 1).isEnded).toBe(sent === body.length)
    }
  })

  it('waits for the window of the connection', async () => {
    const { client } = await connected({ settings: setting(INITIAL_WINDOW_SIZE, 2 ** 31 - 1) })
    const body = Buffer.alloc(100_000, 'a')
    client.send(post(1, 0))
    for (let at = 0; at < body.length; at += 10_000)
      client.send(data(1, body.subarray(at, at + 10_000), at === 90_000 ? END_STREAM : 0))
    await expect.poll(() => answerOf(client, 1).body.length).toBe(65_535)
    expect(answerOf(client, 1).isEnded).toBe(false)
    client.send(frame(WINDOW_UPDATE, 0, 0, number(50_000)))
    await expect.poll(() => answerOf(client, 1)).toEqual({ body, isEnded: true, resets: [] })
    expect(Math.max(...client.of(DATA).map(({ payload }) => payload.length))).toBe(16_384)
  })

  it('follows a window that shrinks below nothing', async () => {
    const { client } = await connected({ settings: setting(INITIAL_WINDOW_SIZE, 10) })
    client.send(post(1, 0), data(1, Buffer.alloc(30)))
    await expect.poll(() => answerOf(client, 1).body.length).toBe(10)
    client.send(frame(SETTINGS, 0, 0, setting(INITIAL_WINDOW_SIZE, 0)))
    client.send(frame(WINDOW_UPDATE, 0, 1, number(15)))
    await expect.poll(() => answerOf(client, 1).body.length).toBe(15)
    client.send(frame(SETTINGS, 0, 0, setting(INITIAL_WINDOW_SIZE, 100)))
    await expect.poll(() => answerOf(client, 1).isEnded).toBe(true)
    expect(answerOf(client, 1).body).toHaveLength(30)
  })

  it('is sent once', async () => {
    const { client } = await connected({
      answer: (stream, connection) => {
        echo(stream, connection)
        echo(stream, connection)
        connection.sendHead(stream, HEAD, true)
        connection.sendData(stream, HEAD, TRAILERS)
      },
    })
    client.send(post(1), frame(PING, 0, 0, Buffer.alloc(8)))
    await expect.poll(() => client.of(PING)).toHaveLength(1)
    expect(client.of(HEADERS)).toHaveLength(2)
  })

  it('is ended once, although its request goes on and windows grow', async () => {
    const { client } = await connected({
      settings: setting(INITIAL_WINDOW_SIZE, 2),
      answer: () => {},
      data: (stream, connection) => connection.answer(stream, HEAD, Buffer.from('abc'), TRAILERS),
    })
    client.send(post(1, 0), data(1, Buffer.of(1), 0))
    for (const window of [9, 99, 999])
      client.send(frame(SETTINGS, 0, 0, setting(INITIAL_WINDOW_SIZE, window)))
    client.send(frame(WINDOW_UPDATE, 0, 1, number(1)), frame(PING, 0, 0, Buffer.alloc(8)))
    await expect.poll(() => client.of(PING)).toHaveLength(1)
    expect(client.of(HEADERS)).toHaveLength(2)
    expect(answerOf(client, 1)).toMatchObject({ body: Buffer.from('abc'), isEnded: true })
  })

  it('says that it uses no table, once the client makes it smaller', async () => {
    const { client } = await connected({ settings: setting(1, 0) })
    client.send(post(1), post(3))
    await expect.poll(() => client.of(HEADERS)).toHaveLength(4)
    const blocks = client.of(HEADERS).map(({ payload }) => payload)
    expect(blocks).toEqual([Buffer.of(0x20, 0x88), TRAILERS, HEAD, TRAILERS])
  })

  it('to a request that was reset is dropped', async () => {
    const later: (() => void)[] = []
    const { client, server } = await connected({
      answer: (stream, connection) => void later.push(() => echo(stream, connection)),
    })
    client.send(post(1), frame(RST_STREAM, 0, 1, number(CANCEL)))
    await expect.poll(() => server.seen[0]?.closed).toBe(CANCEL)
    for (const each of later) each()
    client.send(frame(PING, 0, 0, Buffer.alloc(8)))
    await expect.poll(() => client.of(PING)).toHaveLength(1)
    expect(client.of(HEADERS)).toEqual([])
  })
})

describe('a request', () => {
  it('may be padded, and have a priority', async () => {
    const { client } = await connected()
    const padded = Buffer.concat([Buffer.of(2), number(3), Buffer.of(7), POST, Buffer.alloc(2)])
    client.send(frame(HEADERS, END_HEADERS | 0x28, 1, padded))
    client.send(frame(DATA, END_STREAM | 8, 1, Buffer.from('\x03abc\0\0\0', 'latin1')))
    await expect.poll(() => answerOf(client, 1).body.toString()).toBe('abc')
  })

  it('may have headers in several frames, and trailers', async () => {
    const { client } = await connected()
    client.send(frame(HEADERS, 0, 1, POST.subarray(0, 1)))
    client.send(frame(CONTINUATION, 0, 1, POST.subarray(1, 2)))
    client.send(frame(CONTINUATION, END_HEADERS, 1, POST.subarray(2)))
    client.send(data(1, Buffer.from('abc'), 0))
    client.send(frame(HEADERS, END_HEADERS | END_STREAM, 1, TRAILERS))
    await expect.poll(() => answerOf(client, 1).isEnded).toBe(true)
    expect(answerOf(client, 1).body.toString()).toBe('abc')
  })

  it('of any length gets its windows back', async () => {
    const { client } = await connected({
      answer: (stream, connection) => connection.sendHead(stream, HEAD, true),
      settings: setting(INITIAL_WINDOW_SIZE, 0),
    })
    client.send(post(1, 0))
    const granted = (id: number) =>
      client
        .of(WINDOW_UPDATE)
        .filter((each) => each.id === id)
        .reduce((sum, { payload }) => sum + payload.readUInt32BE(), 0)
    for (let sent = 0; sent < 3 * CONNECTION_WINDOW; sent += 16_384) {
      await expect.poll(() => STREAM_WINDOW + granted(1) - sent).toBeGreaterThanOrEqual(16_384)
      await expect.poll(() => 65_535 + granted(0) - sent).toBeGreaterThanOrEqual(16_384)
      client.send(data(1, Buffer.alloc(16_384), 0))
    }
    client.send(data(1, Buffer.of()))
    await expect.poll(() => answerOf(client, 1).isEnded).toBe(true)
  })

  it('beyond the limit is refused, and one in place of another is not', async () => {
    const { client } = await connected({ maxStreams: 2 })
    client.send(post(1, 0), post(3, 0), post(5, 0))
    await expect.poll(() => answerOf(client, 5).resets).toEqual([REFUSED_STREAM])
    client.send(data(1, Buffer.of()), post(7))
    await expect.poll(() => answerOf(client, 7).isEnded).toBe(true)
  })

  it.each([
    ['an upper-case name', Buffer.concat([POST, Buffer.from('\0\x01A\x01b', 'latin1')])],
    ['no method', Buffer.of(0x86, 0x84)],
    ['two paths', Buffer.of(0x83, 0x86, 0x84, 0x84)],
    [
      'a length that it does not have',
      Buffer.concat([POST, Buffer.from('\x0f\x0d\x011', 'latin1')]),
    ],
    ['a length that is no number', Buffer.concat([POST, Buffer.from('\x0f\x0d\x01x', 'latin1')])],
    ['a header of HTTP/1.1', Buffer.concat([POST, Buffer.from('\0\x07upgrade\x01b', 'latin1')])],
  ])('with %s is reset', async (_title, block) => {
    const { client, server } = await connected()
    client.send(frame(HEADERS, END_HEADERS | END_STREAM, 1, block), post(3))
    await expect.poll(() => answerOf(client, 3).isEnded).toBe(true)
    expect(answerOf(client, 1).resets).toEqual([PROTOCOL_ERROR])
    expect(server.seen).toHaveLength(1)
  })

  it('with too many headers is reset, and the next one is read correctly', async () => {
    const { client } = await connected()
    const field = Buffer.from('\x40\x01a\x01b', 'latin1')
    const many = Buffer.concat([POST, field, ...Array.from({ length: 200 }, () => Buffer.of(0xbe))])
    client.send(frame(HEADERS, END_HEADERS | END_STREAM, 1, many))
    client.send(frame(HEADERS, END_HEADERS | END_STREAM, 3, Buffer.concat([POST, Buffer.of(0xbe)])))
    await expect.poll(() => answerOf(client, 3).isEnded).toBe(true)
    expect(answerOf(client, 1).resets).toEqual([ENHANCE_YOUR_CALM])
  })

  it('that was refused long ago is not known any more', async () => {
    const { client } = await connected({ maxStreams: 1 })
    const ids = Array.from({ length: 66 }, (_, index) => 2 * index + 1)
    client.send(...ids.map((id) => post(id, 0)), data(3, Buffer.of(1)), data(7, Buffer.of(1)))
    await expect.poll(() => answerOf(client, 3).resets).toEqual([REFUSED_STREAM, STREAM_CLOSED])
    expect(answerOf(client, 7).resets).toEqual([REFUSED_STREAM])
  })

  it('that goes on after it was refused is ignored', async () => {
    const { client } = await connected({ maxStreams: 1 })
    client.send(post(1, 0), post(3, 0))
    for (let count = 0; count < 20; count += 1) client.send(data(3, Buffer.alloc(1_000), 0))
    client.send(data(3, Buffer.of()), data(1, Buffer.from('abc')))
    await expect.poll(() => answerOf(client, 1).isEnded).toBe(true)
    expect(answerOf(client, 3).resets).toEqual([REFUSED_STREAM])
  })
})

describe('a connection', () => {
  const long = (id: number) => Buffer.alloc(16_384, id)

  it.each<[title: string, code: number, ...frames: Buffer[]]>([
    ['data of an idle stream', PROTOCOL_ERROR, data(1, Buffer.of(1))],
    ['data of stream 0', PROTOCOL_ERROR, data(0, Buffer.of(1))],
    ['a request with an even number', PROTOCOL_ERROR, post(2)],
    ['a request again', STREAM_CLOSED, post(1), post(1)],
    ['more padding than payload', PROTOCOL_ERROR, post(1, 0), frame(DATA, 8, 1, Buffer.of(1))],
    ['a header block with a hole', PROTOCOL_ERROR, frame(HEADERS, 0, 1, POST), post(3)],
    ['a continuation of nothing', PROTOCOL_ERROR, frame(CONTINUATION, 0, 1, POST)],
    ['headers that cannot be read', COMPRESSION_ERROR, frame(HEADERS, 5, 1, Buffer.of(0xff))],
    [
      'a stream that depends on itself',
      PROTOCOL_ERROR,
      frame(PRIORITY, 0, 1, Buffer.concat([number(1), Buffer.of(1)])),
    ],
    ['a short priority', FRAME_SIZE_ERROR, frame(PRIORITY, 0, 1, number(3))],
    ['a reset of an idle stream', PROTOCOL_ERROR, frame(RST_STREAM, 0, 1, number(0))],
    ['a short reset', FRAME_SIZE_ERROR, post(1, 0), frame(RST_STREAM, 0, 1, Buffer.of(0))],
    ['settings of a stream', PROTOCOL_ERROR, frame(SETTINGS, 0, 1)],
    ['half a setting', FRAME_SIZE_ERROR, frame(SETTINGS, 0, 0, Buffer.of(0, 1))],
    ['an acknowledgement with settings', FRAME_SIZE_ERROR, frame(SETTINGS, ACK, 0, setting(1, 1))],
    [
      'too large a window',
      FLOW_CONTROL_ERROR,
      frame(SETTINGS, 0, 0, setting(INITIAL_WINDOW_SIZE, 2 ** 31)),
    ],
    ['too small a frame', PROTOCOL_ERROR, frame(SETTINGS, 0, 0, setting(MAX_FRAME_SIZE, 16_383))],
    ['a push that is neither on nor off', PROTOCOL_ERROR, frame(SETTINGS, 0, 0, setting(2, 2))],
    [
      'many settings',
      ENHANCE_YOUR_CALM,
      frame(SETTINGS, 0, 0, Buffer.concat(Array.from({ length: 33 }, () => setting(1, 1)))),
    ],
    [
      'a push',
      PROTOCOL_ERROR,
      frame(PUSH_PROMISE, END_HEADERS, 1, Buffer.concat([number(2), POST])),
    ],
    ['a ping of a stream', PROTOCOL_ERROR, frame(PING, 0, 1, Buffer.alloc(8))],
    ['a short ping', FRAME_SIZE_ERROR, frame(PING, 0, 0, number(1))],
    ['a short GOAWAY', FRAME_SIZE_ERROR, frame(GOAWAY, 0, 0, number(1))],
    ['a window update of nothing', PROTOCOL_ERROR, frame(WINDOW_UPDATE, 0, 0, number(0))],
    [
      'a window beyond the greatest',
      FLOW_CONTROL_ERROR,
      frame(WINDOW_UPDATE, 0, 0, number(2 ** 31 - 1)),
    ],
    ['a window of an idle stream', PROTOCOL_ERROR, frame(WINDOW_UPDATE, 0, 1, number(1))],
    ['a frame that is too long', FRAME_SIZE_ERROR, frame(DATA, 0, 1, Buffer.alloc(16_385))],
    [
      'a header block that is too long',
      ENHANCE_YOUR_CALM,
      frame(HEADERS, 0, 1, long(0)),
      frame(CONTINUATION, 0, 1, long(0)),
      frame(CONTINUATION, 0, 1, Buffer.of(0)),
    ],
  ])('with %s is ended with the right code', async (_title, code, ...frames) => {
    const { client, server } = await connected()
    client.send(...frames)
    await expect.poll(() => client.isClosed()).toBe(true)
    expect(goneWith(client)).toBe(code)
    expect(server.failures).toEqual([code])
    expect(server.seen.every(({ closed }) => closed !== undefined)).toBe(true)
  })

  it.each([
    ['a ping', frame(PING, 0, 0, Buffer.alloc(8))],
    ['an acknowledgement', frame(SETTINGS, ACK, 0)],
    ['a request', frame(HEADERS, END_HEADERS | END_STREAM, 1, POST)],
  ])('that begins with %s in place of settings is ended', async (_title, first) => {
    const server = await http2Server(echo)
    cleanups.push(server.close)
    const client = await rawClient(server.port, first)
    cleanups.push(client.close)
    await expect.poll(() => client.isClosed()).toBe(true)
    expect(goneWith(client)).toBe(PROTOCOL_ERROR)
  })

  it.each<[title: string, frames: readonly Buffer[]]>([
    ['pings', [frame(PING, 0, 0, Buffer.alloc(8))]],
    ['settings', [frame(SETTINGS, 0, 0)]],
    ['priorities', [frame(PRIORITY, 0, 1, Buffer.alloc(5))]],
    ['unknown frames', [frame(200, 0, 0)]],
    ['window updates', [frame(WINDOW_UPDATE, 0, 0, number(1))]],
  ])('on which only %s arrive is ended after many', async (_title, frames) => {
    const { client } = await connected()
    client.send(...Array.from({ length: USELESS_AT_ONCE + 100 }, () => frames).flat())
    await expect.poll(() => goneWith(client)).toBe(ENHANCE_YOUR_CALM)
  })

  it('on which requests are reset again and again is ended', async () => {
    const { client } = await connected({ answer: () => {} })
    const resets = Array.from({ length: USELESS_AT_ONCE + 100 }, (_, index) => [
      post(2 * index + 1),
      frame(RST_STREAM, 0, 2 * index + 1, number(CANCEL)),
    ])
    client.send(...resets.flat())
    await expect.poll(() => goneWith(client)).toBe(ENHANCE_YOUR_CALM)
  })

  const afterEnd = (id: number) => [post(id), data(id, Buffer.of(1))]
  const trailers = (id: number) => frame(HEADERS, END_HEADERS, id, TRAILERS)
  const reset = (id: number) => frame(RST_STREAM, 0, id, number(CANCEL))

  it.each<[title: string, request: (id: number) => readonly Buffer[]]>([
    ['data after their end', afterEnd],
    ['trailers that do not end them', (id) => [post(id, 0), trailers(id)]],
    ['too large a window', (id) => [post(id), frame(WINDOW_UPDATE, 0, id, number(2 ** 31 - 1))]],
    ['a reset, beside requests that are answered', (id) => [post(id, 0), reset(id), post(id + 2)]],
  ])('on which requests have %s begins few of them', async (_title, request) => {
    const { client, server } = await connected({
      answer: (stream, connection) => {
        if (stream.id % 4 === 3) echo(stream, connection)
      },
    })
    for (let id = 1; id < 16 * USELESS_AT_ONCE; id += 4) client.send(...request(id))
    await expect.poll(() => goneWith(client)).toBe(ENHANCE_YOUR_CALM)
    const unanswered = server.seen.filter(({ closed }) => closed !== 0)
    expect(unanswered.length).toBeLessThan(2 * USELESS_AT_ONCE)
  })

  it('that is paused reads no further frame of what has arrived, until it goes on', async () => {
    const { client, server } = await connected({
      begin: (_stream, connection) => connection.pause(),
    })
    const ids = [1, 3, 5, 7, 9]
    client.send(...ids.map((id) => post(id)))
    for (let count = 1; count <= ids.length; count += 1) {
      await expect.poll(() => server.seen.length).toBe(count)
      for (let each = 0; each < 5; each += 1) await turn()
      expect(server.seen).toHaveLength(count)
      server.connections[0]?.resume()
    }
    await expect.poll(() => answerOf(client, 9).isEnded).toBe(true)
  })

  it('with empty data is ended, and one with empty continuations', async () => {
    const empty = await connected()
    const nothing = Array.from({ length: USELESS_AT_ONCE + 100 }, () => data(1, Buffer.of(), 0))
    empty.client.send(post(1, 0), ...nothing)
    await expect.poll(() => goneWith(empty.client)).toBe(ENHANCE_YOUR_CALM)
    const going = await connected()
    const parts = Array.from({ length: USELESS_AT_ONCE + 100 }, () => frame(CONTINUATION, 0, 1))
    going.client.send(frame(HEADERS, 0, 1, POST), ...parts)
    await expect.poll(() => goneWith(going.client)).toBe(ENHANCE_YOUR_CALM)
  })

  it('may ping at each request, as clients of gRPC do', async () => {
    const { client } = await connected()
    for (let id = 1; id < 6 * USELESS_AT_ONCE; id += 2) {
      client.send(
        post(id),
        frame(PING, 0, 0, Buffer.alloc(8)),
        frame(WINDOW_UPDATE, 0, 0, number(1)),
      )
      if (id % 400 === 1) await expect.poll(() => answerOf(client, id).isEnded).toBe(true)
    }
    await expect.poll(() => client.of(PING)).toHaveLength(3 * USELESS_AT_ONCE)
    expect(goneWith(client)).toBeUndefined()
  })

  it('answers a ping, and the settings', async () => {
    const { client } = await connected()
    client.send(frame(PING, 0, 0, Buffer.from('12345678')), frame(PING, ACK, 0, Buffer.alloc(8)))
    await expect.poll(() => client.of(PING)).toHaveLength(1)
    expect(client.of(PING)[0]).toMatchObject({ flags: ACK, payload: Buffer.from('12345678') })
    expect(client.of(SETTINGS).filter(({ flags }) => flags === ACK)).toHaveLength(1)
  })

  it('that is warned still answers, and after its close ends with the last answer', async () => {
    const { client, server } = await connected()
    client.send(post(1, 0))
    await expect.poll(() => server.seen).toHaveLength(1)
    server.connections[0]?.warn()
    client.send(post(3, 0))
    await expect.poll(() => server.seen).toHaveLength(2)
    server.connections[0]?.close()
    client.send(post(5), data(5, Buffer.of()), data(3, Buffer.of()))
    await expect.poll(() => answerOf(client, 3).isEnded).toBe(true)
    expect(client.isClosed()).toBe(false)
    client.send(data(1, Buffer.from('abc')))
    await expect.poll(() => client.isClosed()).toBe(true)
    expect(answerOf(client, 1).body.toString()).toBe('abc')
    expect(client.of(GOAWAY).map(({ payload }) => payload.readUInt32BE())).toEqual([2 ** 31 - 1, 3])
    expect(server.seen).toHaveLength(2)
  })

  it('whose client leaves ends with the last answer', async () => {
    const { client } = await connected()
    client.send(post(1, 0), frame(GOAWAY, 0, 0, Buffer.alloc(8)), data(1, Buffer.from('abc')))
    await expect.poll(() => client.isClosed()).toBe(true)
    expect(answerOf(client, 1)).toMatchObject({ body: Buffer.from('abc'), isEnded: true })
  })

  it('that ended is cut, even if its client goes on', async () => {
    const { client, server } = await connected({ allowHalfOpen: true })
    client.send(frame(PUSH_PROMISE, 0, 1))
    await expect.poll(() => goneWith(client)).toBe(PROTOCOL_ERROR)
    client.send(Buffer.alloc(10_000))
    await expect.poll(() => server.sockets[0]?.destroyed).toBe(true)
  })

  it('that is cut ends its requests', async () => {
    const { client, server } = await connected({ answer: () => {} })
    client.send(post(1), post(3, 0))
    await expect.poll(() => server.seen).toHaveLength(2)
    client.close()
    await expect.poll(() => server.seen.map(({ closed }) => closed)).toEqual([CANCEL, CANCEL])
    expect(server.failures).toEqual([])
  })

  it('takes headers of the greatest length', async () => {
    const { client, server } = await connected()
    // 32 bytes are added to the texts of each field: those of the three before, and of this one.
    const length = MAX_LIST_BYTES - (4 * 32 + ':method:scheme:pathPOSThttp/a'.length)
    const rest = Buffer.of(
      0x80 + ((length - 127) % 128),
      0x80 + (((length - 127) >> 7) % 128),
      (length - 127) >> 14,
    )
    const value = Buffer.concat([Buffer.of(0x7f), rest, Buffer.alloc(length, 'a')])
    const block = Buffer.concat([POST, Buffer.of(0, 1, 0x61), value])
    client.send(frame(HEADERS, END_STREAM, 1, block.subarray(0, 16_384)))
    client.send(frame(CONTINUATION, END_HEADERS, 1, block.subarray(16_384, 32_768)))
    await expect.poll(() => answerOf(client, 1).isEnded).toBe(true)
    expect(server.seen).toHaveLength(1)
  })
})

describe('a client that does not read', () => {
  const body = Buffer.alloc(16_000, 'a')

  /** Its windows never keep an answer back. */
  async function unreading() {
    const { client, server } = await connected({
      answer: (stream, connection) => connection.answer(stream, HEAD, body, TRAILERS),
      settings: setting(INITIAL_WINDOW_SIZE, 2 ** 31 - 1),
    })
    client.send(frame(WINDOW_UPDATE, 0, 0, number(2 ** 31 - 1 - 65_535)))
    await expect.poll(() => client.of(SETTINGS)).toHaveLength(2)
    client.socket.pause()
    return { client, server }
  }

  it('is not read either, and gets all its answers when it reads again', async () => {
    const { client, server } = await unreading()
    const ids = Array.from({ length: 3_000 }, (_, index) => 2 * index + 1)
    client.send(...ids.map((id) => post(id)))
    await expect.poll(() => server.sockets[0]?.writableLength).toBeGreaterThan(MAX_UNSENT_BYTES)
    expect(server.sockets[0]?.writableLength).toBeLessThan(2 * MAX_UNSENT_BYTES + body.length)
    expect(server.seen.length).toBeLessThan(ids.length)
    client.socket.resume()
    await expect.poll(() => server.seen.length).toBe(ids.length)
    await expect.poll(() => client.of(DATA).length).toBe(ids.length)
  })

  it('for long loses its connection', async () => {
    const { client, server } = await unreading()
    vi.useFakeTimers({ toFake: ['setTimeout'] })
    cleanups.push(() => void vi.useRealTimers())
    client.send(...Array.from({ length: 3_000 }, (_, index) => post(2 * index + 1)))
    await expect.poll(() => server.sockets[0]?.writableLength).toBeGreaterThan(MAX_UNSENT_BYTES)
    vi.advanceTimersByTime(4_000)
    expect(server.sockets[0]?.destroyed).toBe(false)
    vi.advanceTimersByTime(1_000)
    expect(server.sockets[0]?.destroyed).toBe(true)
  })
})
