import { once } from 'node:events'
import http2 from 'node:http2'
import net from 'node:net'
import { setImmediate as turn } from 'node:timers/promises'
import zlib from 'node:zlib'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Answer } from '../../src/access/answer.ts'
import { OPEN } from '../../src/access/decision.ts'
import { MAX_REFUSED } from '../../src/envoy/admission.ts'
import { BOUNDS, type Bounds } from '../../src/envoy/bounds.ts'
import type { Checked, CheckParts } from '../../src/envoy/check-handler.ts'
import { MAX_REFUSALS } from '../../src/envoy/connections.ts'
import { MAX_HEALTH_BYTES } from '../../src/envoy/health.ts'
import { encodeCheckRequest } from '../../src/envoy/protocol.ts'
import { serveChecks } from '../../src/envoy/server.ts'
import { readsOf } from '../../src/envoy/socket-reads.ts'
import { SWEPT_PER_TURN } from '../../src/envoy/sweep.ts'
import { PREFACE } from '../../src/http2/protocol.ts'
import { aCheck, checkClient, denialIn } from '../../testing/envoy/check-client.ts'
import { aCheckParts } from '../../testing/envoy/check-parts.ts'
import { begin, framed, type RawReply, rawConnection, use } from '../../testing/envoy/raw-grpc.ts'
import {
  DATA,
  END_HEADERS,
  END_STREAM,
  frame,
  GOAWAY,
  HEADERS,
  POST,
  rawClient,
  SETTINGS,
} from '../../testing/http2/raw-client.ts'

const GOOD = encodeCheckRequest(aCheck())
const HEALTH = '/grpc.health.v1.Health'
/** The headers of a check: fields that stay out of HPACK's table. */
const A_CHECK = Buffer.concat([
  POST.subarray(0, 2),
  field(':path', '/envoy.service.auth.v3.Authorization/Check'),
  field('content-type', 'application/grpc'),
])
/** Shorter than any timeout here. */
const SOON = 1

const cleanups: (() => unknown)[] = []
/** Whether connections have had a check. */
let isUsed = false

afterEach(async () => {
  isUsed = false
  vi.useRealTimers()
  for (const clean of cleanups.splice(0).reverse()) await clean()
  vi.restoreAllMocks()
})

function field(name: string, value: string): Buffer {
  const text = (each: string) => Buffer.concat([Buffer.of(each.length), Buffer.from(each)])
  return Buffer.concat([Buffer.of(0), text(name), text(value)])
}

async function serving(bounds: Partial<Bounds> = {}, given: Partial<CheckParts> = {}) {
  const sheds: string[] = []
  const observed: Checked[] = []
  const parts = aCheckParts({ observe: (checked) => observed.push(checked), ...given })
  const server = await serveChecks(
    { position: 'gateway', address: '127.0.0.1:0' },
    parts,
    undefined,
    {
      bounds: { ...BOUNDS, ...bounds },
      shed: (cause) => sheds.push(cause),
    },
  )
  cleanups.push(() => server.close(0))
  const connect = async (settings: http2.Settings = {}, localAddress = '127.0.0.1') => {
    const session = await rawConnection(server.port, settings, localAddress)
    cleanups.push(() => session.destroy())
    if (isUsed) await use(session)
    return session
  }
  return { server, sheds, observed, connect }
}

/** The proxy's view: the gRPC status and the denial. */
const told = ({ status, answer }: RawReply) => [
  status,
  answer === undefined ? undefined : denialIn(answer).headers['x-ext-auth-reason'],
]

const UNSUPPORTED = ['0', 'request is not supported']
const OVERLOADED = ['0', 'too many requests at once']
const LATE = ['0', 'no answer in time']
const ANSWERED = ['0', 'credential not found']

/** The request was answered and decided once, closed without a fault, and holds nothing. */
async function expectOneAnswer(port: Awaited<ReturnType<typeof serving>>, reply: RawReply) {
  expect(told(reply)).toEqual(ANSWERED)
  expect(reply.rstCode).toBe(http2.constants.NGHTTP2_NO_ERROR)
  expect(port.sheds).toEqual([])
  expect(port.observed).toHaveLength(1)
  await expect.poll(port.server.held).toMatchObject({ streams: 0, bytes: 0 })
}

describe.each([
  ['the first check of a connection', false],
  ['a later check', true],
])('%s:', (_title, isLater) => {
  beforeEach(() => {
    isUsed = isLater
  })

  describe('a message', () => {
    it('that is too large is denied as soon as its length is known', async () => {
      const { server, sheds, connect } = await serving()
      const { stream, reply } = begin(await connect())
      stream.write(framed(Buffer.of(), { length: BOUNDS.requestBytes + 1 }))
      expect(told(await reply)).toEqual(UNSUPPORTED)
      expect(sheds).toEqual(['grpc-message-size'])
      await expect.poll(server.held).toMatchObject({ streams: 0, bytes: 0 })
    })

    it('of the maximum size is answered', async () => {
      const { connect } = await serving({ requestBytes: 100_000 })
      const path = `/${'a'.repeat(50_000)}`
      const body = aCheck({ path, headers: { 'x-a': 'a'.repeat(49_900 - GOOD.length) } })
      const bytes = encodeCheckRequest(body)
      expect(bytes.length).toBeGreaterThan(99_000)
      const { stream, reply } = begin(await connect())
      stream.end(framed(bytes))
      expect(told(await reply)[0]).toBe('0')
      expect(told(await reply)).toEqual(ANSWERED)
    })

    it('may be longer than gRPC itself allows', async () => {
      const { connect } = await serving({
        requestBytes: 2 ** 23,
        bytes: 2 ** 26,
        bytesPerAddress: 2 ** 25,
      })
      const { stream, reply } = begin(await connect())
      // A body, which is not read.
      const long = encodeCheckRequest({
        attributes: { request: { http: { path: `/${'a'.repeat(2 ** 22)}` } } },
      })
      stream.end(framed(long))
      expect(told(await reply)[0]).toBe('0')
    })

    it('may arrive byte by byte', async () => {
      const { connect } = await serving()
      const { stream, reply } = begin(await connect())
      for (const byte of framed(GOOD)) stream.write(Buffer.of(byte))
      stream.end()
      expect(told(await reply)).toEqual(ANSWERED)
    })

    it('that arrives byte by byte is kept in one place', async () => {
      const { server, connect } = await serving()
      const { stream, reply } = begin(await connect())
      const kept = vi.spyOn(Buffer, 'allocUnsafeSlow')
      const long = framed(encodeCheckRequest(aCheck({ path: `/${'a'.repeat(5_000)}` })))
      for (const byte of long) stream.write(Buffer.of(byte))
      stream.end()
      expect(told(await reply)[0]).toBe('0')
      expect(kept.mock.calls.length).toBeLessThan(10)
      await expect.poll(server.held).toMatchObject({ streams: 0, bytes: 0 })
    })

    it.each(['gzip', 'deflate', 'identity', 'br'])(
      'that is compressed is denied and never inflated: %s',
      async (encoding) => {
        const inflating = ['createGunzip', 'createInflate'] as const
        const spies = inflating.map((name) => vi.spyOn(zlib, name))
        const { sheds, connect } = await serving()
        const { stream, reply } = begin(await connect(), { headers: { 'grpc-encoding': encoding } })
        stream.end(framed(zlib.gzipSync(GOOD), { flag: 1 }))
        expect(told(await reply)).toEqual(UNSUPPORTED)
        expect(sheds).toEqual(['grpc-message-compressed'])
        for (const spy of spies) expect(spy).not.toHaveBeenCalled()
      },
    )

    it('that is followed by another is denied', async () => {
      const { connect } = await serving()
      const { stream, reply } = begin(await connect())
      stream.end(Buffer.concat([framed(GOOD), framed(GOOD)]))
      expect(told(await reply)).toEqual(UNSUPPORTED)
    })

    it('that is refused counts as a decision', async () => {
      const { observed, connect } = await serving()
      const { stream, reply } = begin(await connect())
      stream.write(framed(Buffer.of(), { length: 2 ** 31 }))
      await reply
      expect(observed.map(({ answer }) => answer.decision)).toMatchObject([
        { outcome: 'deny', reason: 'unsupported-request' },
      ])
    })

    it('of a health check that is too large gets a gRPC error', async () => {
      const { connect } = await serving()
      const { stream, reply } = begin(await connect(), { path: `${HEALTH}/Check` })
      stream.write(framed(Buffer.of(), { length: MAX_HEALTH_BYTES + 1 }))
      expect(told(await reply)).toEqual(['8', undefined])
    })
  })

  describe('a request', () => {
    it.each([
      ['no message', Buffer.of()],
      ['a part of its frame', framed(GOOD).subarray(0, 3)],
      ['a part of its message', framed(GOOD).subarray(0, -1)],
    ])('of which only %s arrives is denied in the end', async (_title, bytes) => {
      const { server, sheds, connect } = await serving({ arrivalMs: SOON })
      const { stream, reply } = begin(await connect())
      stream.write(bytes)
      expect(told(await reply)).toEqual(LATE)
      expect(sheds).toEqual(['grpc-message-late'])
      await expect.poll(server.held).toMatchObject({ streams: 0, bytes: 0 })
    })

    it('that does not end is answered at its message, and closed in the end', async () => {
      const port = await serving({ arrivalMs: SOON })
      const { stream, reply } = begin(await port.connect())
      stream.write(framed(GOOD))
      await expectOneAnswer(port, await reply)
    })

    it('that does not end and whose answer is not read is reset', async () => {
      const { server, sheds, connect } = await serving({ arrivalMs: SOON, answerMs: 60_000 })
      const { stream, reply } = begin(await connect({ initialWindowSize: 0 }))
      stream.write(framed(GOOD))
      await expect.poll(() => sheds).toEqual(['grpc-answer-late'])
      expect((await reply).rstCode).toBe(http2.constants.NGHTTP2_CANCEL)
      await expect.poll(server.held).toMatchObject({ streams: 0, bytes: 0 })
    })

    it('that goes on after its answer is closed, without a second answer', async () => {
      const port = await serving()
      const { stream, reply } = begin(await port.connect())
      stream.write(framed(GOOD))
      await once(stream, 'trailers')
      stream.write(framed(GOOD))
      await expectOneAnswer(port, await reply)
    })

    it('that is cancelled before its decision gets no answer, and is no fault', async () => {
      const { promise, resolve } = Promise.withResolvers<Answer>()
      const reported: unknown[] = []
      const report = (fault: unknown) => void reported.push(fault)
      const { server, connect, observed } = await serving({}, { authorize: () => promise, report })
      const { stream, reply } = begin(await connect())
      stream.end(framed(GOOD))
      await expect.poll(server.held).toMatchObject({ streams: 1 })
      stream.close(http2.constants.NGHTTP2_CANCEL)
      expect(told(await reply)).toEqual([undefined, undefined])
      await expect.poll(server.held).toMatchObject({ streams: 0 })
      resolve({ decision: OPEN, target: undefined, caller: undefined })
      await expect.poll(() => observed).toHaveLength(1)
      expect(reported).toEqual([])
    })

    it("that waits for its decision is denied before the proxy's deadline", async () => {
      const authorize = () => new Promise<Answer>(() => {})
      const { sheds, connect } = await serving({}, { authorize })
      const { stream, reply } = begin(await connect(), { headers: { 'grpc-timeout': '200m' } })
      stream.end(framed(GOOD))
      expect(told(await reply)).toEqual(LATE)
      expect(sheds).toEqual([])
    })

    it('with an unreadable deadline gets a gRPC error', async () => {
      const { connect, observed } = await serving()
      const headers = { 'grpc-timeout': 'soon' }
      const { stream, reply } = begin(await connect(), { headers })
      stream.end(framed(GOOD))
      expect(told(await reply)).toEqual(['13', undefined])
      expect(observed).toEqual([])
    })

    it('without a message that ends is not a check', async () => {
      const { connect, observed } = await serving()
      const { stream, reply } = begin(await connect())
      stream.end()
      expect(told(await reply)).toEqual(['12', undefined])
      expect(observed).toEqual([])
    })

    it('whose answer is not read is reset', async () => {
      const { server, sheds, connect } = await serving({ answerMs: SOON })
      const { stream, reply } = begin(await connect({ initialWindowSize: 0 }))
      stream.end(framed(GOOD))
      await expect.poll(() => sheds).toEqual(['grpc-answer-late'])
      expect((await reply).rstCode).toBe(http2.constants.NGHTTP2_CANCEL)
      await expect.poll(server.held).toMatchObject({ streams: 0, bytes: 0 })
    })

    it('whose refusal is not read is reset', async () => {
      const { server, connect } = await serving({ answerMs: SOON })
      const { stream, reply } = begin(await connect({ initialWindowSize: 0 }))
      stream.write(framed(Buffer.of(), { length: 2 ** 31 }))
      expect((await reply).rstCode).toBe(http2.constants.NGHTTP2_CANCEL)
      await expect.poll(server.held).toMatchObject({ streams: 0, bytes: 0 })
    })

    it('for an unknown method is not kept', async () => {
      const { server, connect } = await serving()
      const session = await connect()
      const replies = Array.from({ length: 50 }, () => begin(session, { path: '/a/b' }).reply)
      expect(new Set((await Promise.all(replies)).map(({ status }) => status))).toEqual(
        new Set(['12']),
      )
      expect(server.held().streams).toBe(0)
    })
  })
})

describe('requests in flight', () => {
  it('are bounded per connection', async () => {
    const { connect } = await serving()
    const session = await connect()
    await expect
      .poll(() => session.remoteSettings.maxConcurrentStreams)
      .toBe(BOUNDS.streamsPerConnection)
  })

  it.each([
    { streams: 10, streamsPerAddress: 1_000 },
    { streams: 1_000, streamsPerAddress: 4 },
  ])(
    'of one address leave room: the others are denied, and those under way answered: %j',
    async (bounds) => {
      const { sheds, connect } = await serving(bounds)
      const session = await connect()
      const open = Array.from({ length: 4 }, () => begin(session))
      const more = Array.from({ length: 3 }, () => begin(session))
      const refused = await Promise.all(more.map(({ reply }) => reply))
      expect(refused.map(told)).toEqual([OVERLOADED, OVERLOADED, OVERLOADED])
      expect(sheds).toEqual(['grpc-streams', 'grpc-streams', 'grpc-streams'])
      for (const { stream } of open) stream.end(framed(GOOD))
      const answered = await Promise.all(open.map(({ reply }) => reply))
      expect(answered.map(told)).toEqual(open.map(() => ANSWERED))
      const later = begin(session)
      later.stream.end(framed(GOOD))
      expect(told(await later.reply)).toEqual(ANSWERED)
    },
  )

  it.each([
    { bytes: 1_000_000, bytesPerAddress: 20_000 },
    { bytes: 60_000, bytesPerAddress: 1_000_000 },
  ])('hold no more bytes than they may: %j', async (bounds) => {
    const { server, sheds, connect } = await serving(bounds)
    const session = await connect()
    const calls = Array.from({ length: 4 }, () => begin(session))
    for (const { stream } of calls) stream.write(framed(Buffer.alloc(17_000), { length: 20_000 }))
    await expect.poll(() => sheds).toEqual(['grpc-memory', 'grpc-memory'])
    expect(server.held().bytes).toBeLessThanOrEqual(20_000)
    const refused = await Promise.all(calls.slice(2).map(({ reply }) => reply))
    expect(refused.map(told)).toEqual([OVERLOADED, OVERLOADED])
  })

  it.each([
    { arriving: 1_000, arrivingPerAddress: 3 },
    { arriving: 8, arrivingPerAddress: 1_000 },
  ])('and are not whole yet are few, and those that are whole are answered: %j', async (bounds) => {
    const { server, sheds, connect } = await serving(bounds)
    const session = await connect()
    const open = Array.from({ length: 3 }, () => begin(session))
    const more = begin(session)
    expect(told(await more.reply)).toEqual(OVERLOADED)
    expect(sheds).toEqual(['grpc-streams'])
    open[0]?.stream.end(framed(GOOD))
    expect(told((await open[0]?.reply) ?? (await more.reply))).toEqual(ANSWERED)
    for (let count = 0; count < 10; count += 1) {
      const { stream, reply } = begin(session)
      stream.end(framed(GOOD))
      expect(told(await reply)).toEqual(ANSWERED)
    }
    await expect.poll(() => server.held().streams).toBe(2)
  })

  it('and are refused are reset where the answers of many are not read', async () => {
    const { connect } = await serving({ streams: 0 })
    let reset = 0
    for (let count = 0; count < 20; count += 1) {
      // An address whose requests are all refused would rest.
      const session = await connect({ initialWindowSize: 0 }, `127.0.0.${1 + (count % 10)}`)
      for (let each = 0; each < MAX_REFUSALS - 1; each += 1)
        void begin(session).reply.then(({ rstCode }) => {
          if (rstCode === http2.constants.NGHTTP2_REFUSED_STREAM) reset += 1
        })
    }
    await expect.poll(() => reset).toBe(20 * (MAX_REFUSALS - 1) - MAX_REFUSED)
  })

  it('and are late are refused a few in each turn of the event loop', async () => {
    const arrivalMs = 600_000
    const { server, sheds, connect } = await serving({ arrivalMs })
    const session = await connect()
    const replies = Array.from({ length: 200 }, () => begin(session).reply)
    await expect.poll(() => server.held().streams).toBe(200)
    const later = performance.now() + arrivalMs
    vi.spyOn(performance, 'now').mockReturnValue(later)
    const perTurn: number[] = []
    for (let before = 0; before < 200; before = sheds.length) {
      await turn()
      perTurn.push(sheds.length - before)
    }
    expect(Math.max(...perTurn)).toBe(SWEPT_PER_TURN)
    expect((await Promise.all(replies)).filter(({ status }) => status === '0')).toHaveLength(200)
  })

  it('that watch health are bounded', async () => {
    const { server, sheds, connect } = await serving({
      watches: 2,
      arrivalMs: SOON,
      answerMs: SOON,
    })
    const session = await connect()
    const watch = () => {
      const call = begin(session, { path: `${HEALTH}/Watch` })
      call.stream.end(framed(Buffer.of()))
      return call
    }
    const [first, second] = [watch(), watch()]
    await Promise.all([first, second].map(({ stream }) => once(stream, 'data')))
    expect(told(await watch().reply)).toEqual(['8', undefined])
    expect(sheds).toEqual(['grpc-watches'])
    first.stream.close()
    await expect.poll(() => server.held().streams).toBe(1)
    const third = watch()
    await once(third.stream, 'data')
  })
})

/** A connection on which nothing is sent. */
async function silent(port: number, localAddress = '127.0.0.1') {
  const socket = net.connect({ host: '127.0.0.1', port, localAddress })
  cleanups.push(() => socket.destroy())
  const closed = new Promise<void>((resolve) => {
    socket.on('error', () => {})
    socket.resume()
    socket.once('close', () => resolve())
  })
  await once(socket, 'connect')
  return { socket, closed }
}

describe('a connection', () => {
  it('that sends no request is closed, whatever it sends', async () => {
    const { server, sheds } = await serving({ firstRequestMs: SOON })
    const quiet = await silent(server.port)
    const talking = await silent(server.port)
    talking.socket.write('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')
    const other = await silent(server.port)
    other.socket.write('GET / HTTP/1.1\r\n')
    await Promise.all([quiet.closed, talking.closed, other.closed])
    expect(sheds).toContain('grpc-connections-silent')
    await expect.poll(() => server.held().connections).toBe(0)
  })

  it('that never asks is ended with a few others in each turn of the event loop', async () => {
    const { server, sheds } = await serving({ firstRequestMs: SOON })
    await Promise.all(Array.from({ length: 120 }, () => silent(server.port)))
    const perTurn: number[] = []
    for (let before = sheds.length; server.held().connections > 0; before = sheds.length) {
      await turn()
      perTurn.push(sheds.length - before)
    }
    expect(Math.max(...perTurn)).toBeLessThanOrEqual(SWEPT_PER_TURN)
    expect(sheds).toHaveLength(120)
  })

  it('that sends requests is kept, and closed when it stops', async () => {
    const { server, sheds, connect } = await serving({ firstRequestMs: SOON, idleMs: 600 })
    const session = await connect()
    const left = once(session, 'goaway')
    for (let count = 0; count < 3; count += 1) {
      const { stream, reply } = begin(session)
      stream.end(framed(GOOD))
      expect(told(await reply)).toEqual(ANSWERED)
    }
    const [code] = await left
    expect(code).toBe(http2.constants.NGHTTP2_NO_ERROR)
    await once(session, 'close')
    expect(sheds).toEqual([])
    expect(server.held()).toEqual({ connections: 0, streams: 0, bytes: 0 })
  })

  it.each([
    ['a header block', frame(HEADERS, 0, 3, A_CHECK)],
    ['a frame', frame(HEADERS, END_HEADERS, 3, A_CHECK).subarray(0, 20)],
  ])('that does not finish %s is ended, although it had a request', async (_what, part) => {
    const { server, sheds } = await serving({ firstRequestMs: SOON })
    const request = frame(HEADERS, END_HEADERS + END_STREAM, 1, A_CHECK)
    const client = await rawClient(server.port, frame(SETTINGS, 0, 0))
    cleanups.push(client.close)
    client.send(request, part)
    await expect.poll(client.isClosed).toBe(true)
    expect(client.of(HEADERS).map(({ id }) => id)).toEqual([1])
    expect(client.of(GOAWAY).map(({ payload }) => payload.readUInt32BE(4))).toEqual([
      http2.constants.NGHTTP2_ENHANCE_YOUR_CALM,
    ])
    expect(sheds).toEqual(['grpc-connections-faulty'])
    await expect.poll(() => server.held().connections).toBe(0)
  })

  it('that is old is closed after its requests in flight are answered', async () => {
    const { server, connect } = await serving({ ageMs: SOON })
    const session = await connect()
    const left = once(session, 'goaway')
    const { stream, reply } = begin(session)
    await left
    stream.end(framed(GOOD))
    expect(told(await reply)).toEqual(ANSWERED)
    await once(session, 'close')
    await expect.poll(() => server.held().connections).toBe(0)
  })

  it('of an address at its limit is refused, of another address not', async () => {
    const { server, sheds } = await serving({ connections: 100, connectionsPerAddress: 3 })
    const kept = [1, 2, 3].map(() => silent(server.port))
    await Promise.all(kept)
    await (await silent(server.port)).closed
    expect(sheds).toEqual(['grpc-connections-address'])
    await silent(server.port, '127.0.0.2')
    await expect.poll(() => server.held().connections).toBe(4)
  })

  it('of a new address is accepted however many connections others hold', async () => {
    const { server, connect } = await serving({ connections: 40 })
    for (let peer = 2; peer < 12; peer += 1)
      await Promise.all(Array.from({ length: 40 }, () => silent(server.port, `127.0.0.${peer}`)))
    const { stream, reply } = begin(await connect())
    stream.end(framed(GOOD))
    expect(told(await reply)).toEqual(ANSWERED)
    expect(server.held().connections).toBeLessThanOrEqual(40)
  })

  it('of a new address is opened next to silent ones that wait', async () => {
    const { server, sheds, connect } = await serving({ opening: 8, openingPerAddress: 4 })
    for (let peer = 2; peer < 6; peer += 1)
      await Promise.all(Array.from({ length: 20 }, () => silent(server.port, `127.0.0.${peer}`)))
    const { stream, reply } = begin(await connect())
    stream.end(framed(GOOD))
    expect(told(await reply)).toEqual(ANSWERED)
    // One per new address after all places are taken.
    expect(sheds).toEqual(Array.from({ length: 3 }, () => 'grpc-connections-silent'))
    expect(server.held().connections).toBe(78)
  })

  it('of an address at its share closes no connection of others', async () => {
    const { server, sheds, connect } = await serving({ connections: 8 })
    const session = await connect()
    const { stream, reply } = begin(session)
    stream.end(framed(GOOD))
    expect(told(await reply)).toEqual(ANSWERED)
    for (const host of ['127.0.0.2', '127.0.0.3', '127.0.0.4', '127.0.0.5'])
      for (let count = 0; count < 8; count += 1) await silent(server.port, host)
    await expect.poll(() => sheds.length).toBeGreaterThanOrEqual(24)
    const again = begin(session)
    again.stream.end(framed(GOOD))
    expect(told(await again.reply)).toEqual(ANSWERED)
  })

  it('can be paused', async () => {
    const listener = net.createServer({ pauseOnConnect: true }).listen(0, '127.0.0.1')
    cleanups.push(() => listener.close())
    await once(listener, 'listening')
    const bound = listener.address()
    const accepted = once(listener, 'connection')
    const { socket } = await silent(typeof bound === 'object' && bound !== null ? bound.port : 0)
    const [served]: net.Socket[] = await accepted
    if (served === undefined) throw new Error('no connection')
    served.on('error', () => {})
    cleanups.push(() => served.destroy())
    const reads = readsOf(served)
    expect(reads).toBeDefined()
    reads?.start()
    reads?.stop()
    socket.write('a')
    await turn()
    expect(served.bytesRead).toBe(0)
    reads?.start()
    await expect.poll(() => served.bytesRead).toBe(1)
  })

  it('from the port of one that is gone, unread, is counted by itself', async () => {
    const { server } = await serving({ openingPerAddress: 1 })
    const reading = await silent(server.port)
    const gone = await silent(server.port)
    const { localPort } = gone.socket
    gone.socket.resetAndDestroy()
    const again = net.connect({ host: '127.0.0.1', port: server.port, localPort })
    cleanups.push(() => again.destroy())
    await once(again, 'connect')
    again.resetAndDestroy()
    reading.socket.destroy()
    await expect.poll(server.held).toEqual({ connections: 0, streams: 0, bytes: 0 })
  })

  it('that has been idle for longest makes room for a new one', async () => {
    const { server, connect } = await serving({ connections: 8 })
    const asked = async () => {
      const session = await connect()
      const { stream, reply } = begin(session)
      stream.end(framed(GOOD))
      expect(told(await reply)).toEqual(ANSWERED)
      return session
    }
    const first = await asked()
    const closed = once(first, 'close')
    await Promise.all(
      Array.from({ length: 6 }, (_, index) => silent(server.port, `127.0.0.${index + 2}`)),
    )
    await silent(server.port, '127.0.0.9')
    await closed
  })
})

describe('a connection with refused requests', () => {
  it('is closed after its requests in flight are answered', async () => {
    const { connect } = await serving()
    const session = await connect()
    const left = once(session, 'goaway')
    const good = begin(session)
    const bad = Array.from({ length: MAX_REFUSALS }, () => begin(session))
    for (const { stream } of bad) stream.write(framed(Buffer.of(), { length: 2 ** 31 }))
    const refused = await Promise.all(bad.map(({ reply }) => reply))
    expect(refused.map(told)).toEqual(bad.map(() => UNSUPPORTED))
    await left
    good.stream.end(framed(GOOD))
    expect(told(await good.reply)).toEqual(ANSWERED)
    await expect.poll(() => session.closed).toBe(true)
  })
})

describe('a connection that is refused on after GOAWAY', () => {
  it('takes no more requests', async () => {
    const { connect } = await serving()
    const session = await connect()
    const lastOnes: number[] = []
    session.on('goaway', (_code: number, last: number) => lastOnes.push(last))
    // The server closes a connection a second after GOAWAY, but not here.
    vi.useFakeTimers({ toFake: ['setTimeout'] })
    const bad = Array.from({ length: 2 * MAX_REFUSALS }, () => begin(session))
    for (const { stream } of bad) stream.write(framed(Buffer.of(), { length: 2 ** 31 }))
    await Promise.all(bad.map(({ reply }) => reply))
    vi.useRealTimers()
    await expect.poll(() => lastOnes).toEqual([2 ** 31 - 1, 4 * MAX_REFUSALS - 1])
  })
})

describe('a connection with a fault of HTTP/2', () => {
  it.each([
    ['HTTP/1.1', Buffer.from('GET / HTTP/1.1\r\nHost: a\r\n\r\n')],
    [
      'a frame that is too long',
      Buffer.concat([PREFACE, Buffer.from('00400104000000000000', 'hex')]),
    ],
  ])('is ended, and counted: %s', async (_title, bytes) => {
    const { server, sheds } = await serving()
    const { socket, closed } = await silent(server.port)
    socket.write(bytes)
    await closed
    expect(sheds).toEqual(['grpc-connections-faulty'])
    await expect.poll(() => server.held().connections).toBe(0)
  })
})

describe('a connection that is left', () => {
  /** A client that stays, whatever the server says. */
  async function staying(bounds: Partial<Bounds>) {
    const { server } = await serving({ ageMs: 0, ...bounds })
    vi.useFakeTimers({ toFake: ['setTimeout'] })
    const client = await rawClient(server.port, frame(SETTINGS, 0, 0))
    cleanups.push(client.close)
    client.send(frame(HEADERS, END_HEADERS, 1, A_CHECK))
    await expect.poll(() => server.held().streams).toBe(1)
    await expect.poll(() => client.of(GOAWAY)).toHaveLength(1)
    return { server, client }
  }

  it('is closed a second after GOAWAY, once its requests are answered', async () => {
    const { client } = await staying({})
    client.send(frame(DATA, END_STREAM, 1, framed(GOOD)))
    await expect.poll(() => client.of(DATA)).toHaveLength(1)
    expect(client.isClosed()).toBe(false)
    vi.advanceTimersByTime(1_000)
    await expect.poll(() => client.isClosed()).toBe(true)
  })

  it('is closed ten seconds later at the latest', async () => {
    const { client, server } = await staying({ arrivalMs: 2 ** 30 })
    vi.advanceTimersByTime(1_000)
    await expect.poll(() => client.of(GOAWAY)).toHaveLength(2)
    expect(client.isClosed()).toBe(false)
    vi.advanceTimersByTime(10_000)
    await expect.poll(() => client.isClosed()).toBe(true)
    await expect.poll(server.held).toEqual({ connections: 0, streams: 0, bytes: 0 })
  })
})

describe('a listener that closes', () => {
  it('does not wait for a request that never ends', async () => {
    const { server, connect } = await serving({ arrivalMs: 2 ** 30 })
    begin(await connect())
    await expect.poll(() => server.held().streams).toBe(1)
    // Long before the connection itself would end.
    vi.useFakeTimers({ toFake: ['setTimeout'] })
    let isClosed = false
    void server.close(0).then(() => {
      isClosed = true
    })
    // A part of it waits for timers that are not those of this test.
    while (!isClosed) {
      await turn()
      vi.advanceTimersByTime(1)
    }
    vi.useRealTimers()
    await expect.poll(() => server.held().connections).toBe(0)
  })
})

describe('a well-behaved proxy', () => {
  it('is answered next to hostile connections of its own address', async () => {
    const { server, connect } = await serving()
    const client = checkClient(server.port)
    cleanups.push(client.close)
    await client.check(aCheck())
    const big = framed(Buffer.alloc(BOUNDS.requestBytes, 0x0a))
    for (let count = 0; count < 20; count += 1) {
      const session = await connect()
      for (let each = 0; each < 10; each += 1) begin(session).stream.end(big)
    }
    for (let count = 0; count < 20; count += 1) {
      expect(denialIn(await client.check(aCheck())).httpStatus).toBe(401)
    }
    await expect.poll(server.held).toMatchObject({ streams: 0, bytes: 0 })
  })
})
