import { once } from 'node:events'
import http2, { type ClientHttp2Session } from 'node:http2'
import net from 'node:net'
import { setImmediate as turn } from 'node:timers/promises'
import { status } from '@grpc/grpc-js'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { until } from '../../scripts/child.ts'
import type { Answer } from '../../src/access/answer.ts'
import { deny } from '../../src/access/decision.ts'
import { BOUNDS } from '../../src/envoy/bounds.ts'
import type { CheckParts } from '../../src/envoy/check-handler.ts'
import { decodeCheckResponse, encodeCheckRequest } from '../../src/envoy/protocol.ts'
import { serveChecks } from '../../src/envoy/server.ts'
import { readsOf } from '../../src/envoy/socket-reads.ts'
import { anApiKey, anAuthorize, aService, aWorkload } from '../../testing/builders.ts'
import {
  aCheck,
  checkClient,
  denialIn,
  headersIn,
  isAllowed,
} from '../../testing/envoy/check-client.ts'
import { aCheckParts } from '../../testing/envoy/check-parts.ts'
import { begin, framed } from '../../testing/envoy/raw-grpc.ts'
import { freePort } from '../../testing/free-ports.ts'
import { at } from '../../testing/json.ts'

const PARTS = aCheckParts({
  authorize: anAuthorize({
    services: [aService()],
    workloads: [aWorkload()],
    keys: [anApiKey(), anApiKey({ key: 'other-key-0123456789', name: 'other', user: 'other' })],
  }),
})

const cleanups: (() => unknown)[] = []

afterEach(async () => {
  vi.useRealTimers()
  for (const clean of cleanups.splice(0).reverse()) await clean()
})

/** A server on a loopback address, with a client. */
async function serving(parts: Partial<CheckParts> = {}) {
  const listener = { position: 'gateway', address: '127.0.0.1:0' } as const
  const server = await serveChecks(listener, { ...PARTS, ...parts })
  const client = checkClient(server.port)
  cleanups.push(() => server.close(0), client.close)
  return { server, client }
}

const NAMES = ['', 'envoy.service.auth.v3.Authorization']
const SERVING = { status: 'SERVING' }
const NOT_SERVING = { status: 'NOT_SERVING' }

const nestedGroups = (depth: number) =>
  Buffer.concat([Buffer.alloc(depth, 0x7b), Buffer.alloc(depth, 0x7c)])

describe('a served check', () => {
  it('is answered', async () => {
    const { client } = await serving()
    expect(denialIn(await client.check(aCheck()))).toMatchObject({
      code: 16,
      httpStatus: 401,
      headers: { 'www-authenticate': 'Bearer realm="kubernetes-user"' },
    })
  })

  it('has the position of its listener', async () => {
    for (const [position, phrase] of [
      ['workload', 'no such service'],
      ['gateway', 'credential not found'],
    ] as const) {
      const server = await serveChecks({ position, address: '127.0.0.1:0' }, PARTS)
      const client = checkClient(server.port)
      cleanups.push(() => server.close(0), client.close)
      expect(server.position).toBe(position)
      expect(denialIn(await client.check(aCheck())).headers['x-ext-auth-reason']).toBe(phrase)
    }
  })

  it('among many concurrent ones gets its own answer', async () => {
    const { client } = await serving()
    const keys = ['iris-key-0123456789', 'other-key-0123456789', 'nobody']
    const users = await Promise.all(
      Array.from({ length: 150 }, async (_, index) => {
        const headers = { 'x-api-key': keys[index % keys.length] ?? '' }
        const { ok_response: ok } = await client.check(aCheck({ headers }))
        return Object.fromEntries(headersIn(ok?.headers))['x-user']
      }),
    )
    const expected = ['apikey:team/iris-key', 'other', undefined]
    expect(users).toEqual(users.map((_, index) => expected[index % expected.length]))
  })

  it.each<[title: string, Buffer]>([
    ['garbage', Buffer.from('not a protobuf message')],
    ['no bytes', Buffer.alloc(0)],
    ['one byte', Buffer.from([0xff])],
    ['a truncated message', encodeCheckRequest(aCheck()).subarray(0, -1)],
    ['1,000 nested groups', nestedGroups(1_000)],
    ['100,000 nested groups', nestedGroups(100_000)],
    ['too many bytes', Buffer.alloc(BOUNDS.requestBytes + 1)],
    [
      'too long a path',
      encodeCheckRequest(aCheck({ path: `/${'a'.repeat(BOUNDS.requestBytes)}` })),
    ],
  ])('of %s is denied, and the next one is answered', async (_title, bytes) => {
    const { client } = await serving()
    expect(denialIn(decodeCheckResponse(await client.checkBytes(bytes)))).toMatchObject({
      code: 7,
      httpStatus: 403,
      headers: { 'x-ext-auth-reason': 'request is not supported' },
    })
    expect(denialIn(await client.check(aCheck())).httpStatus).toBe(401)
  })

  it("is denied before the proxy's deadline", async () => {
    const { client } = await serving({ authorize: () => new Promise<Answer>(() => {}) })
    const phrases: unknown[] = []
    // A busy machine may need more than the 10 ms reserved for sending the answer.
    while (phrases.length < 10 && phrases.at(-1) !== 'no answer in time') {
      const asked = client.check(aCheck(), '60m').then(denialIn)
      phrases.push(
        await asked.then(
          ({ headers }) => headers['x-ext-auth-reason'],
          () => 'gave up',
        ),
      )
    }
    expect(phrases.at(-1)).toBe('no answer in time')
  })

  it('is denied if the decision throws', async () => {
    for (const authorize of [
      () => Promise.reject(new Error('bug')),
      () => {
        throw new Error('bug')
      },
    ]) {
      const { client } = await serving({ authorize })
      expect(denialIn(await client.check(aCheck()))).toMatchObject({ code: 13, httpStatus: 500 })
    }
  })
})

describe('health', () => {
  it.each(NAMES)('of %j is reported on request', async (name) => {
    const { server, client } = await serving()
    expect(await client.health(name)).toEqual(NOT_SERVING)
    server.setServing(true)
    expect(await client.health(name)).toEqual(SERVING)
    server.setServing(false)
    expect(await client.health(name)).toEqual(NOT_SERVING)
  })

  it('of an unknown service is an error', async () => {
    const { client } = await serving()
    await expect(client.health('other')).rejects.toMatchObject({ code: status.NOT_FOUND })
  })

  it('is listed', async () => {
    const { server, client } = await serving()
    const all = (state: object) => ({
      statuses: Object.fromEntries(NAMES.map((name) => [name, state])),
    })
    expect(await client.listHealth()).toEqual(all(NOT_SERVING))
    server.setServing(true)
    expect(await client.listHealth()).toEqual(all(SERVING))
  })

  it.each(NAMES)('of %j is sent to watchers, and again at shutdown', async (name) => {
    const { server, client } = await serving()
    const next = client.watchHealth(name)
    expect(await next()).toEqual(NOT_SERVING)
    server.setServing(true)
    expect(await next()).toEqual(SERVING)
    const closed = server.close(20)
    expect(await next()).toEqual(NOT_SERVING)
    await closed
  })

  it('does not affect checks: they are still answered', async () => {
    const { client } = await serving()
    expect(denialIn(await client.check(aCheck())).httpStatus).toBe(401)
  })
})

/** Waits until new connections are refused. */
async function isClosed(port: number) {
  const ask = async () => {
    const late = checkClient(port)
    const code = await late.health('').then(
      () => status.OK,
      (error: unknown) => at(error, 'code'),
    )
    late.close()
    return code
  }
  await expect.poll(ask).toBe(status.UNAVAILABLE)
}

/** A connection whose client can stop reading: until it reads again, it does not see GOAWAY. */
async function readingConnection(port: number) {
  const socket = net.connect({ host: '127.0.0.1', port })
  await once(socket, 'connect')
  const reads = readsOf(socket)
  if (reads === undefined) throw new Error('cannot be kept from reading')
  const session = http2.connect(`http://127.0.0.1:${port}`, { createConnection: () => socket })
  session.on('error', () => {})
  const ask = () => {
    const { stream, reply } = begin(session)
    stream.end(framed(encodeCheckRequest(aCheck())))
    return reply
  }
  return { session, reads, ask }
}

/** The server writes frames in a later turn of the event loop. */
async function someTurns() {
  for (let count = 0; count < 10; count += 1) await turn()
}

/** Waits until a server that closes has told its peers, which it does when it stops listening. */
async function untilTold(port: number) {
  const reached = async () => {
    const socket = net.connect({ host: '127.0.0.1', port })
    const isReached = await once(socket, 'connect').then(
      () => true,
      () => false,
    )
    socket.destroy()
    return isReached
  }
  await expect.poll(reached).toBe(false)
  await someTurns()
}

const onceWritten = (session: ClientHttp2Session) =>
  expect.poll(() => session.state.outboundQueueSize).toBe(0)

describe('a server that shuts down', () => {
  it('exits soon without requests, although a proxy stays connected', async () => {
    const { server, client } = await serving()
    await client.check(aCheck())
    await server.close(60_000)
    await expect(client.check(aCheck())).rejects.toMatchObject({ code: status.UNAVAILABLE })
  })

  it('leaves connections open until proxies know', async () => {
    const { server } = await serving()
    const { session, ask } = await readingConnection(server.port)
    cleanups.push(() => session.destroy())
    expect((await ask()).status).toBe('0')
    const closed = server.close(60_000)
    await someTurns()
    expect((await ask()).status).toBe('0')
    await closed
  })

  it('answers new connections until proxies know', async () => {
    const { server, client } = await serving()
    await client.check(aCheck())
    const closed = server.close(60_000)
    const other = checkClient(server.port)
    cleanups.push(other.close)
    expect(denialIn(await other.check(aCheck())).httpStatus).toBe(401)
    await closed
  })

  it('answers requests that its peer sent before it saw GOAWAY', async () => {
    const { server } = await serving()
    const { session, reads, ask } = await readingConnection(server.port)
    cleanups.push(() => session.destroy())
    expect((await ask()).status).toBe('0')
    reads.stop()
    // The server ends a connection a second after GOAWAY, but not here.
    vi.useFakeTimers({ toFake: ['setTimeout'] })
    const closed = server.close(60_000)
    await untilTold(server.port)
    let answered: string | undefined
    void ask().then((reply) => {
      answered = reply.status
    })
    await onceWritten(session)
    reads.start()
    await expect.poll(() => answered).toBe('0')
    vi.useRealTimers()
    await closed
  })

  it('lets a call in flight finish', async () => {
    const { promise, resolve } = Promise.withResolvers<Answer>()
    const asked = Promise.withResolvers<void>()
    const { server, client } = await serving({
      authorize: () => {
        asked.resolve()
        return promise
      },
    })
    const response = client.check(aCheck())
    await asked.promise
    const closed = server.close(60_000)
    await isClosed(server.port)
    resolve({ decision: deny('not-permitted'), target: undefined, caller: undefined })
    expect(denialIn(await response).httpStatus).toBe(403)
    await closed
  })

  it('lets a call in flight finish and exits although health is watched', async () => {
    const { promise, resolve } = Promise.withResolvers<Answer>()
    const asked = Promise.withResolvers<void>()
    const { server, client } = await serving({
      authorize: () => {
        asked.resolve()
        return promise
      },
    })
    expect(await client.watchHealth('')()).toEqual(NOT_SERVING)
    const response = client.check(aCheck())
    await asked.promise
    const closed = server.close(2_000)
    await isClosed(server.port)
    resolve({ decision: deny('not-permitted'), target: undefined, caller: undefined })
    expect(denialIn(await response).httpStatus).toBe(403)
    await closed
    await expect(client.check(aCheck())).rejects.toMatchObject({ code: status.UNAVAILABLE })
  })

  it('exits although a call is never answered', async () => {
    const asked = Promise.withResolvers<void>()
    const { server, client } = await serving({
      authorize: () => {
        asked.resolve()
        return new Promise<Answer>(() => {})
      },
    })
    const response = client.check(aCheck())
    const refused = expect(response).rejects.toMatchObject({ code: expect.any(Number) })
    await asked.promise
    await server.close(20)
    await refused
  })

  it('may be closed twice', async () => {
    const { server } = await serving()
    await Promise.all([server.close(20), server.close(20)])
    await server.close(20)
  })

  it('releases its address', async () => {
    const address = `127.0.0.1:${await freePort()}`
    const first = await serveChecks({ position: 'gateway', address }, PARTS)
    await first.close(20)
    // A program that another test starts at this moment has the socket, too, until it runs.
    const next = await until('the address is free', () =>
      serveChecks({ position: 'gateway', address }, PARTS),
    )
    cleanups.push(() => next.close(0))
    expect(next.port).toBe(first.port)
  })
})

describe('an address', () => {
  it.each(['127.0.0.1', '[::1]', '0.0.0.0', 'localhost'])('may be %s', async (host) => {
    const server = await serveChecks({ position: 'gateway', address: `${host}:0` }, PARTS)
    cleanups.push(() => server.close(0))
    expect(server.port).toBeGreaterThan(0)
    const client = checkClient(server.port)
    cleanups.push(client.close)
    if (host !== '[::1]') expect(isAllowed(await client.check(aCheck()))).toBe(false)
    await server.close(60_000)
  })

  it('that is in use is reported in one sentence', async () => {
    const { server } = await serving()
    const address = `127.0.0.1:${server.port}`
    const taken = serveChecks({ position: 'gateway', address }, PARTS)
    await expect(taken).rejects.toThrow(
      new RegExp(`^cannot listen on ${address} for gRPC: [a-z ]+$`),
    )
  })

  it('of another machine is reported in one sentence', async () => {
    const address = '203.0.113.1:9001'
    await expect(serveChecks({ position: 'gateway', address }, PARTS)).rejects.toThrow(
      /^cannot listen on 203\.0\.113\.1:9001 for gRPC: [a-z ]+$/,
    )
  })
})
