import { once } from 'node:events'
import http2, { type IncomingHttpHeaders, type ServerHttp2Stream } from 'node:http2'
import { afterEach, describe, expect, it } from 'vitest'
import { createDirectChecks } from '../../src/envoy/direct-checks.ts'
import { begin, rawConnection } from '../../testing/envoy/raw-grpc.ts'

const CHECK = '/envoy.service.auth.v3.Authorization/Check'
const cleanups: (() => unknown)[] = []

afterEach(async () => {
  for (const clean of cleanups.splice(0).reverse()) await clean()
})

/** A server that answers every stream; each answer says who gave it. */
async function serving() {
  const deadlines: number[] = []
  const answer = (stream: ServerHttp2Stream, giver: string) => {
    stream.respond({ 'grpc-status': '0', 'x-giver': giver }, { endStream: true })
  }
  const take = createDirectChecks(CHECK, () => (stream, deadline) => {
    deadlines.push(deadline)
    answer(stream, 'direct')
  })
  const server = http2.createServer()
  // As grpc-js does: its listener is the server's, and an interceptor sees the session of a stream.
  server.on('stream', (stream: ServerHttp2Stream) => {
    if (stream.session !== undefined) take(stream.session)
    answer(stream, 'grpc-js')
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  cleanups.push(() => void server.close())
  const bound = server.address()
  const session = await rawConnection(typeof bound === 'object' ? (bound?.port ?? 0) : 0)
  cleanups.push(() => session.destroy())
  const ask = async (path = CHECK, headers: Readonly<Record<string, string>> = {}) => {
    const { stream, reply } = begin(session, { path, headers })
    const [told = {}]: IncomingHttpHeaders[] = await once(stream, 'response')
    stream.end()
    await reply
    return told['x-giver']
  }
  return { ask, deadlines }
}

describe('of a connection', () => {
  it('the first request is left to grpc-js, and later checks are not', async () => {
    const { ask } = await serving()
    expect([await ask(), await ask(), await ask()]).toEqual(['grpc-js', 'direct', 'direct'])
  })

  it.each([
    ['another method', '/grpc.health.v1.Health/Check', {}],
    ['a path that only begins alike', `${CHECK}2`, {}],
    ['a path with a query', `${CHECK}?`, {}],
    ['another content type', CHECK, { 'content-type': 'application/json' }],
    ['an unreadable timeout', CHECK, { 'grpc-timeout': 'soon' }],
  ])('%s is left to grpc-js', async (_title, path, headers) => {
    const { ask, deadlines } = await serving()
    await ask()
    expect(await ask(path, headers)).toBe('grpc-js')
    expect(deadlines).toEqual([])
  })

  it.each(['application/grpc', 'application/grpc+proto', 'application/grpc;v=1'])(
    'a check of type %s is taken',
    async (type) => {
      const { ask } = await serving()
      await ask()
      expect(await ask(CHECK, { 'content-type': type })).toBe('direct')
    },
  )

  it('a check is taken with its deadline', async () => {
    const { ask, deadlines } = await serving()
    await ask()
    const before = Date.now()
    await ask(CHECK, { 'grpc-timeout': '1H' })
    await ask()
    const [first = 0, second] = deadlines
    expect(first).toBeGreaterThanOrEqual(before + 3_600_000)
    expect(second).toBe(Number.POSITIVE_INFINITY)
  })
})
