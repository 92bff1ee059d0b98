import { once } from 'node:events'
import { request as send } from 'node:http'
import { connect } from 'node:net'
import { text as textOf } from 'node:stream/consumers'
import { afterEach, describe, expect, it } from 'vitest'
import { type Readiness, type Refusal, startHttp } from '../../src/observability/http.ts'

const metrics = { text: async () => 'up 1\n', contentType: 'text/plain; version=0.0.4' }
const ready: Readiness[] = [{ name: 'manifests', ok: true }]
const unready: Readiness[] = [
  { name: 'grpc', ok: true },
  { name: 'manifests', ok: false, detail: 'team.yaml cannot be read' },
  { name: 'keys', ok: false },
]

type Server = Awaited<ReturnType<typeof startHttp>>
const open: Server[] = []
afterEach(async () => {
  await Promise.all(open.splice(0).map((server) => server.close()))
})

async function serve(readiness: () => readonly Readiness[] = () => ready, over = metrics) {
  const server = await startHttp({ address: '127.0.0.1:0', metrics: over, readiness })
  open.push(server)
  return server
}

const get = async ({ port }: Server, path: string, init: RequestInit = {}) => {
  const response = await fetch(`http://127.0.0.1:${port}${path}`, init)
  return { status: response.status, body: await response.text(), headers: response.headers }
}

/** Sends raw bytes and returns everything until the server closes. */
async function exchange({ port }: Server, bytes: string): Promise<string> {
  const socket = connect(port, '127.0.0.1')
  await once(socket, 'connect')
  socket.write(bytes)
  return textOf(socket)
}

describe('/metrics', () => {
  it('is the text of the metrics', async () => {
    const { status, body, headers } = await get(await serve(), '/metrics')
    expect([status, body, headers.get('content-type')]).toEqual([
      200,
      'up 1\n',
      'text/plain; version=0.0.4',
    ])
  })

  it('is an error without its cause if the metrics fail', async () => {
    const failing = { ...metrics, text: () => Promise.reject(new Error('sekret')) }
    const { status, body } = await get(await serve(undefined, failing), '/metrics')
    expect([status, body]).toEqual([500, 'internal error\n'])
  })
})

describe('/metrics for many readers', () => {
  it('is rendered once', async () => {
    let renderings = 0
    const rendered = Promise.withResolvers<void>()
    const text = async () => {
      renderings += 1
      await rendered.promise
      return `renderings ${renderings}\n`
    }
    const server = await serve(undefined, { ...metrics, text })
    const asked = Array.from({ length: 64 }, async () => (await get(server, '/metrics')).body)
    // The answer of another page comes after all of these were requested.
    await get(server, '/livez')
    await expect.poll(() => renderings).toBe(1)
    rendered.resolve()
    const bodies = await Promise.all(asked)
    expect(bodies.filter((body) => body === 'renderings 1\n').length).toBeGreaterThan(0)
    expect(renderings).toBeLessThan(4)
  })
})

describe('/denials', () => {
  const withDenials = async (denials?: () => Promise<string>) => {
    const options = { address: '127.0.0.1:0', metrics, readiness: () => ready }
    const server = await startHttp({ ...options, denials })
    open.push(server)
    return server
  }

  it('is JSON', async () => {
    const server = await withDenials(async () => '{"denials":[]}')
    const { status, body, headers } = await get(server, '/denials')

    expect([status, body, headers.get('content-type')]).toEqual([
      200,
      '{"denials":[]}',
      'application/json',
    ])
  })

  it('is not found if none are kept', async () => {
    expect((await get(await withDenials(), '/denials')).status).toBe(404)
  })
})

describe('/readyz', () => {
  it('is ok while every check passes', async () => {
    const { status, body } = await get(await serve(), '/readyz')
    expect([status, body]).toEqual([200, 'ok\n'])
  })

  it('lists the checks if requested', async () => {
    const { status, body } = await get(await serve(), '/readyz?verbose')
    expect([status, body]).toEqual([200, '[+]manifests ok\nreadyz check passed\n'])
  })

  it.each(['/readyz', '/readyz?verbose', '/readyz?verbose=1'])(
    'is 503 while one fails and names it: %s',
    async (path) => {
      const { status, body } = await get(await serve(() => unready), path)
      expect([status, body]).toEqual([
        503,
        '[+]grpc ok\n[-]manifests failed: team.yaml cannot be read\n[-]keys failed: not yet\nreadyz check failed\n',
      ])
    },
  )

  it('follows the checks', async () => {
    let checks = unready
    const server = await serve(() => checks)
    expect((await get(server, '/readyz')).status).toBe(503)
    checks = ready
    expect((await get(server, '/readyz')).status).toBe(200)
  })

  it('is not ready if a check throws', async () => {
    const server = await serve(() => {
      throw new Error('sekret')
    })
    const { status, body } = await get(server, '/readyz')
    expect([status, body]).toEqual([500, 'internal error\n'])
  })
})

describe('/livez', () => {
  it('is ok whatever else fails', async () => {
    const server = await serve(() => {
      throw new Error('bug')
    })
    expect((await get(server, '/livez')).body).toBe('ok\n')
    expect((await get(server, '/livez?verbose')).body).toBe('[+]ping ok\nlivez check passed\n')
  })
})

describe('a server that asks who reads', () => {
  const admitted = 'Bearer good'
  const REFUSED: Refusal = { status: 401, text: 'credential not found' }

  async function guarded(
    answer: (authorization: string | undefined) => Promise<Refusal | undefined>,
  ) {
    const options = { address: '127.0.0.1:0', metrics, readiness: () => ready }
    const server = await startHttp({ ...options, refusalOf: answer })
    open.push(server)
    return server
  }
  const asking = () =>
    guarded(async (authorization) => (authorization === admitted ? undefined : REFUSED))

  it('shows the metrics to an admitted reader', async () => {
    const headers = { authorization: admitted }
    expect((await get(await asking(), '/metrics', { headers })).body).toBe('up 1\n')
  })

  it.each([
    '/metrics',
    '/metrics?x',
    '/denials',
    '/',
    '/livez/',
    '/readyz/metrics',
    '//livez',
    '/metrics#/livez',
  ])('shows nobody else anything at %s', async (path) => {
    const bytes = `GET ${path} HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n`
    const answer = await exchange(await asking(), bytes)
    expect(answer).toMatch(/^HTTP\/1\.1 401 /)
    expect(answer).toMatch(/\r\nwww-authenticate: Bearer\r\n/i)
    expect(answer).toMatch(/\r\n\r\ncredential not found\n$/)
  })

  it.each(['GET', 'HEAD', 'POST', 'OPTIONS'])('asks for %s, too', async (method) => {
    expect((await get(await asking(), '/metrics', { method })).status).toBe(401)
  })

  it('sees all of a repeated header', async () => {
    const seen: unknown[] = []
    const server = await guarded(async (authorization) => {
      seen.push(authorization)
      return REFUSED
    })
    const twice = 'authorization: Bearer good\r\nauthorization: Bearer bad\r\n'
    await exchange(server, `GET /metrics HTTP/1.1\r\nhost: a\r\n${twice}connection: close\r\n\r\n`)
    expect(seen).toEqual(['Bearer good,Bearer bad'])
  })

  it.each(['/livez', '/readyz', '/readyz?verbose'])(
    'asks nobody for the probe %s',
    async (path) => {
      expect((await get(await guarded(() => expect.unreachable()), path)).status).toBe(200)
    },
  )

  it('shows nothing if the question fails', async () => {
    const server = await guarded(() => Promise.reject(new Error('sekret')))
    const { status, body } = await get(server, '/metrics')
    expect([status, body]).toEqual([500, 'internal error\n'])
  })
})

describe('the server', () => {
  it.each(['/', '/metrics/', '/healthz', '//metrics', '/%6detrics'])(
    'answers 404 for %s',
    async (path) => {
      expect((await get(await serve(), path)).status).toBe(404)
    },
  )

  it.each(['POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH'])('does not answer %s', async (method) => {
    const { status, headers } = await get(await serve(), '/metrics', { method })
    expect([status, headers.get('allow')]).toEqual([405, 'GET, HEAD'])
  })

  it('answers HEAD with the length only', async () => {
    const { status, body, headers } = await get(await serve(), '/metrics', { method: 'HEAD' })
    expect([status, body, headers.get('content-length')]).toEqual([200, '', '5'])
  })

  it.each(['HTTP/1.0\r\n\r\n', 'HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n'])(
    'closes the connection of a client that sends no more: %j',
    async (rest) => {
      expect(await exchange(await serve(), `GET /livez ${rest}`)).toMatch(/\r\n\r\nok\n$/)
    },
  )

  it.each([
    'content-length: 5\r\n\r\nhello',
    'transfer-encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n',
    'content-length: 5\r\nexpect: 100-continue\r\n\r\n',
  ])('refuses a body and the data after it: %j', async (rest) => {
    const answer = await exchange(await serve(), `GET /metrics HTTP/1.1\r\nhost: a\r\n${rest}`)
    expect(answer).toMatch(/^HTTP\/1\.1 413 /)
    expect(answer.match(/HTTP\/1\.1/g)).toHaveLength(1)
  })

  it.each([
    'nonsense\r\n\r\n',
    `GET /metrics HTTP/1.1\r\nhost: a\r\nx: ${'y'.repeat(20_000)}\r\n\r\n`,
  ])('refuses an invalid or too large request: %.9s', async (bytes) => {
    expect(await exchange(await serve(), bytes)).toMatch(/^HTTP\/1\.1 4(?:00|31) /)
  })

  it('closes the connection of a client that does not finish its request', async () => {
    const answer = await exchange(await serve(), 'GET /metrics HTTP/1.1\r\nhost: a\r\n')
    expect(answer).toMatch(/^HTTP\/1\.1 408 /)
  })

  it('reports an address that is in use', async () => {
    const { port } = await serve()
    await expect(
      startHttp({ address: `127.0.0.1:${port}`, metrics, readiness: () => ready }),
    ).rejects.toThrow(`cannot serve HTTP at 127.0.0.1:${port}: the address is in use`)
  })

  it('reports an address of another machine', async () => {
    await expect(
      startHttp({ address: '192.0.2.1:9002', metrics, readiness: () => ready }),
    ).rejects.toThrow('cannot serve HTTP at 192.0.2.1:9002: this machine has no such address')
  })

  it('finishes running requests, closes idle connections, and then stops', async () => {
    const asked = Promise.withResolvers<void>()
    const finished = Promise.withResolvers<string>()
    const text = () => {
      asked.resolve()
      return finished.promise
    }
    const server = await serve(undefined, { ...metrics, text })
    await get(server, '/livez')
    const request = send({ port: server.port, path: '/metrics' }).end()
    await asked.promise
    const closed = server.close()
    finished.resolve('last 1\n')
    const [response] = await once(request, 'response')
    expect(await textOf(response)).toBe('last 1\n')
    await closed
    await server.close()
    await expect(get(server, '/livez')).rejects.toThrow()
  })

  it('does not wait for a client that never finishes', async () => {
    const server = await serve()
    const socket = connect(server.port, '127.0.0.1')
    socket.on('error', () => {})
    await once(socket, 'connect')
    socket.write('GET /metrics HTTP/1.1\r\n')
    await get(server, '/livez')
    await server.close()
    socket.destroy()
  })
})
