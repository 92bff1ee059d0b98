import { once } from 'node:events'
import http2 from 'node:http2'
import { setFlagsFromString } from 'node:v8'
import { runInThisContext } from 'node:vm'
import fc from 'fast-check'
import { afterEach, describe, expect, it } from 'vitest'
import {
  createStreamSet,
  createStreamTable,
  replaceStreamTable,
} from '../../src/envoy/stream-table.ts'
import { aMember, promotedBytes } from '../../testing/old-space.ts'

const cleanups: (() => void)[] = []

afterEach(() => {
  for (const clean of cleanups.splice(0).reverse()) clean()
})

const promotedIn = (table: Map<number, object>) =>
  promotedBytes(
    (number) => {
      const member = aMember()
      table.set(number, member)
      return member
    },
    (_, number) => table.delete(number),
  )

/** A server's session, with a connected client. */
async function aSession() {
  const server = http2.createServer()
  server.on('stream', (stream) => {
    stream.respond({ ':status': 200 })
    stream.end('ok')
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const port = typeof address === 'object' ? address?.port : undefined
  const client = http2.connect(`http://127.0.0.1:${port}`)
  cleanups.push(
    () => server.close(),
    () => client.destroy(),
  )
  const [session]: http2.ServerHttp2Session[] = await once(server, 'session')
  if (session === undefined) throw new Error('no session')
  return { client, session, server }
}

async function answerTo(client: http2.ClientHttp2Session): Promise<string> {
  const stream = client.request({ ':path': '/' })
  let text = ''
  for await (const chunk of stream) text += String(chunk)
  return text
}

const stateIn = (session: object): Record<string, unknown> => {
  const symbol = Object.getOwnPropertySymbols(session).find((one) => one.description === 'state')
  return symbol === undefined ? {} : Reflect.get(session, symbol)
}

describe('the table of streams', () => {
  it('does what a Map does', () => {
    const step = fc.tuple(fc.constantFrom('set', 'delete', 'get', 'has'), fc.nat(12))
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
        const map = new Map<number, object>([[1, { first: true }]])
        const table = createStreamTable(map)
        for (const [kind, number] of steps) {
          const stream = { number }
          if (kind === 'set') {
            map.set(number, stream)
            expect(table.set(number, stream)).toBe(table)
          } else expect(table[kind](number)).toEqual(map[kind](number))
          expect(table.size).toBe(map.size)
        }
        expect(new Map(table)).toEqual(map)
        expect(new Set(table.keys())).toEqual(new Set(map.keys()))
        expect(new Set(table.values())).toEqual(new Set(map.values()))
        table.clear()
        expect(table.size).toBe(0)
      }),
    )
  })

  it('lets streams delete themselves while all are visited', () => {
    const table = createStreamTable(
      Array.from({ length: 10 }, (_, number) => [number, { number }] as const),
    )
    const visited: number[] = []
    table.forEach((_, number) => {
      visited.push(number)
      table.delete(number)
    })
    expect(visited).toHaveLength(10)
    expect(table.size).toBe(0)
  })

  it('promotes no deleted stream to the old generation', () => {
    expect(promotedIn(createStreamTable())).toBeLessThan(100_000)
  })

  it('is still needed: a Map promotes them. If this fails, delete stream-table.ts', () => {
    expect(promotedIn(new Map())).toBeGreaterThan(1_000_000)
  })

  it("is still needed: Node's sessions have a Map. If this fails, see docs/http2-streams.md", async () => {
    const { session } = await aSession()
    const { streams, pendingStreams } = stateIn(session)
    expect([streams, pendingStreams].map((each) => Object.prototype.toString.call(each))).toEqual([
      '[object Map]',
      '[object Set]',
    ])
  })
})

describe('the tables of a session', () => {
  setFlagsFromString('--allow-natives-syntax')
  const hasFastProperties: (object: object) => boolean = runInThisContext(
    '(object) => %HasFastProperties(object)',
  )

  it.each([
    ['streams', createStreamTable],
    ['pending streams', createStreamSet],
  ])('are not in dictionary mode, for %s', (_title, create) => {
    expect(hasFastProperties(create())).toBe(true)
  })
})

describe('the set of streams', () => {
  it('does what a Set does', () => {
    const members = Array.from({ length: 6 }, (_, number) => ({ number }))
    const step = fc.tuple(fc.constantFrom('add', 'delete', 'has'), fc.constantFrom(...members))
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
        const like = new Set<object>(members.slice(0, 2))
        const set = createStreamSet<object>(like)
        for (const [kind, member] of steps) {
          if (kind === 'add') {
            like.add(member)
            expect(set.add(member)).toBe(set)
          } else expect(set[kind](member)).toBe(like[kind](member))
          expect(set.size).toBe(like.size)
        }
        const visited: object[] = []
        set.forEach((member) => {
          visited.push(member)
          set.delete(member)
        })
        expect(visited).toEqual([...like])
        expect(set.size).toBe(0)
      }),
    )
  })

  it('promotes no deleted stream to the old generation', () => {
    const set = createStreamSet<object>()
    const add = () => {
      const member = aMember()
      set.add(member)
      return member
    }
    expect(promotedBytes(add, (member) => set.delete(member))).toBeLessThan(100_000)
  })
})

describe("a session's table", () => {
  it('is replaced, with the streams in flight, and the session works as before', async () => {
    const { client, session, server } = await aSession()
    const answers: Promise<string>[] = []
    const replaced: boolean[] = []
    server.prependListener('stream', () => {
      if (replaced.length === 0) replaced.push(replaceStreamTable(session))
    })
    for (let count = 0; count < 50; count += 1) answers.push(answerTo(client))
    expect(new Set(await Promise.all(answers))).toEqual(new Set(['ok']))
    expect(replaced).toEqual([true])
    const { streams, pendingStreams } = stateIn(session)
    expect(Object.prototype.toString.call(streams)).toBe('[object StreamTable]')
    expect(Object.prototype.toString.call(pendingStreams)).toBe('[object Object]')
    expect([streams, pendingStreams]).toMatchObject([{ size: 0 }, { size: 0 }])
  })

  it('closes its streams with the session', async () => {
    const { client, session, server } = await aSession()
    server.removeAllListeners('stream')
    const stream = client.request({ ':path': '/' })
    stream.on('error', () => {})
    await once(server, 'stream')
    expect(replaceStreamTable(session)).toBe(true)
    session.destroy()
    await once(stream, 'close')
    expect(stateIn(session).streams).toMatchObject({ size: 0 })
  })

  const state = Symbol('state')
  const EMPTY = { streams: new Map(), pendingStreams: new Set() }
  it.each<[title: string, session: object]>([
    ['has no state', {}],
    [
      'has two states',
      { [state]: { streams: new Map(), pendingStreams: new Set() }, [Symbol('state')]: {} },
    ],
    ['has a state that is no object', { [state]: 1 }],
    ['has no streams', { [state]: {} }],
    ['has no pending streams', { [state]: { streams: new Map() } }],
    ['has streams in something else', { [state]: { ...EMPTY, streams: new Set() } }],
    ['has streams by text', { [state]: { ...EMPTY, streams: new Map([['1', {}]]) } }],
    ['has numbers of streams', { [state]: { ...EMPTY, streams: new Map([[1, 1]]) } }],
    ['has pending streams in something else', { [state]: { ...EMPTY, pendingStreams: [] } }],
    ['has numbers of pending streams', { [state]: { ...EMPTY, pendingStreams: new Set([1]) } }],
    [
      'has streams that cannot be replaced',
      { [state]: Object.freeze({ ...EMPTY, streams: new Map([[1, {}]]) }) },
    ],
  ])('stays as it is if the session %s', (_title, session) => {
    const before = { ...stateIn(session) }
    // The shape is not that of a session, on purpose.
    expect(replaceStreamTable(session as http2.Http2Session)).toBe(false)
    expect({ ...stateIn(session) }).toEqual(before)
  })
})
