import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { modelInfer } from '../../testing/envoy/grpc.ts'
import {
  head,
  headerOf,
  type Reply,
  reachedModel,
  sendHttp2,
  sendRaw,
} from '../../testing/envoy/http.ts'
import { type Mesh, startMesh, TEAM } from '../../testing/envoy/team.ts'
import { KEYS, TOKENS } from '../../testing/issuers/credentials.ts'

const SK = 'sk-team.example.com'
const OPEN = 'open-team.example.com'
const PREDICT = '/v1/models/sk:predict'
const BODY = '{"instances": [[1, 2]]}'
const ALICE = `x-api-key: ${KEYS.alice}`

let mesh: Mesh
beforeAll(async () => {
  mesh = await startMesh({
    manifests: TEAM,
    listeners: {
      plain: {},
      raw: { encodeRawHeaders: true },
      body: { withRequestBody: { maxRequestBytes: 64 } },
      partial: { withRequestBody: { maxRequestBytes: 8, allowPartialMessage: true } },
      bytes: { withRequestBody: { maxRequestBytes: 1_024, packAsBytes: true } },
      large: { maxHeadersKb: 96 },
      largeRaw: { maxHeadersKb: 96, encodeRawHeaders: true },
    },
  })
})
afterAll(() => mesh.stop())

const to = (listener: string) => ({ port: mesh.portOf(listener) })

/** The parts that client and model see, without those that differ between requests. */
const seen = (reply: Reply) => ({
  status: reply.status,
  headers: reply.headers.filter(
    ([name]) => !/^(?:date|x-request-id|x-envoy-upstream-.*)$/.test(name),
  ),
  body: reply.body.replace(/"x-request-id":"[^"]*"/, ''),
})

const post = (body: string, ...lines: readonly string[]) =>
  head(`POST ${PREDICT} HTTP/1.1`, `Host: ${SK}`, `Content-Length: ${body.length}`, ...lines) + body

describe('two Authorization headers are ambiguous, whatever their values, over', () => {
  const tokens = [`Bearer ${TOKENS.reader}`, 'Bearer other', `Bearer ${KEYS.alice}`]
  const pairs = tokens.flatMap((one) => tokens.map((other) => [one, other] as const))

  it.each(['plain', 'raw'])('HTTP/1.1, HTTP/2 and gRPC, at the %s listener', async (listener) => {
    for (const pair of pairs) {
      const lines = pair.map((value) => `Authorization: ${value}`)
      const headers = pair.map((value) => ['authorization', value] as const)
      const http1 = await sendRaw(to(listener), head('GET / HTTP/1.1', `Host: ${SK}`, ...lines))
      const http2 = await sendHttp2(to(listener), { path: '/', authority: SK, headers })
      const grpc = await sendHttp2(to(listener), {
        method: 'POST',
        path: '/inference.GRPCInferenceService/ModelInfer',
        authority: SK,
        headers: [...headers, ['content-type', 'application/grpc'], ['te', 'trailers']],
      })

      expect([http1.status, http2.status, headerOf(grpc, 'grpc-status')]).toEqual([401, 401, '16'])
      for (const reply of [http1, http2, grpc])
        expect(headerOf(reply, 'x-ext-auth-reason')).toBe('more than one credential')
    }
  })
})

describe('encode_raw_headers changes no answer:', () => {
  const GET = 'GET /v1/models/m HTTP/1.1'
  it.each([
    ['no credential', [GET, `Host: ${SK}`]],
    ['an open service', [GET, `Host: ${OPEN}`]],
    ['an excluded path', ['GET /healthz HTTP/1.1', `Host: ${SK}`]],
    ['a key', [GET, `Host: ${SK}`, ALICE]],
    ['a token', [GET, `Host: ${SK}`, `Authorization: Bearer ${TOKENS.reader}`]],
    ['a key twice', [GET, `Host: ${SK}`, ALICE, ALICE]],
    ['a key and a token', [GET, `Host: ${SK}`, ALICE, `Authorization: Bearer ${TOKENS.reader}`]],
    ['an empty key next to a token', [GET, `Host: ${SK}`, 'x-api-key:', `api-key: ${KEYS.alice}`]],
    ['a stranger', [GET, `Host: ${SK}`, `Authorization: Bearer ${TOKENS.stranger}`]],
    ['another scheme', [GET, `Host: ${SK}`, 'Authorization: Basic YTpi']],
    ['a forged user', [GET, `Host: ${SK}`, ALICE, 'X_Auth_Request_User: root']],
    ['no host', [GET, 'Host:']],
    ['a byte outside ASCII', [GET, `Host: ${SK}`, ALICE, 'x-note: caf\u00e9']],
    ['bytes that are not UTF-8', [GET, `Host: ${SK}`, ALICE, 'x-note: \u00ff\u00fe\u0080']],
  ])('%s', async (_title, lines) => {
    const [plain, raw] = [
      await sendRaw(to('plain'), head(...lines)),
      await sendRaw(to('raw'), head(...lines)),
    ]

    expect(seen(raw)).toEqual(seen(plain))
  })

  it.each(['plain', 'raw'])(
    'a credential with a byte outside ASCII is unknown: %s',
    async (listener) => {
      for (const value of ['Bearer caf\u00e9', `Bearer ${KEYS.alice}\u00ff`, '\u00ff']) {
        const lines = [GET, `Host: ${SK}`, `Authorization: ${value}`]

        expect((await sendRaw(to(listener), head(...lines))).status).toBe(401)
      }
    },
  )
})

describe('a listener that sends request bodies', () => {
  it.each(['body', 'partial', 'bytes'])('gets the same answers: %s', async (listener) => {
    const requests = [post(BODY, ALICE), post(BODY), post('\u0000\u00ff\u00fe', ALICE)]

    for (const sent of requests) {
      expect((await sendRaw(to(listener), sent)).status).toBe(
        (await sendRaw(to('plain'), sent)).status,
      )
    }
    expect((await sendRaw(to(listener), post(BODY, ALICE))).status).toBe(200)
    expect(
      (await modelInfer(to(listener), { host: SK, metadata: { 'x-api-key': KEYS.alice } })).code,
    ).toBe(0)
    expect((await modelInfer(to(listener), { host: SK })).code).toBe(16)
  })

  it('refuses a body over the limit, unless it may send a part', async () => {
    const long = post(JSON.stringify({ instances: 'x'.repeat(100) }), ALICE)

    expect((await sendRaw(to('body'), long)).status).toBe(413)
    expect((await sendRaw(to('partial'), long)).status).toBe(200)
  })
})

describe('60 kB of headers', () => {
  const many = Array.from(
    { length: 60 },
    (_each, index) => `x-filler-${index}: ${'a'.repeat(1_000)}`,
  )

  it.each(['large', 'largeRaw'])('change nothing: %s', async (listener) => {
    const reply = await sendRaw(to(listener), head('GET / HTTP/1.1', `Host: ${OPEN}`, ...many))
    const known = await sendRaw(to(listener), head('GET / HTTP/1.1', `Host: ${SK}`, ...many, ALICE))
    const unknown = await sendRaw(to(listener), head('GET / HTTP/1.1', `Host: ${SK}`, ...many))

    expect([reply.status, known.status, unknown.status]).toEqual([404, 404, 401])
    expect(reachedModel(known)).toMatchObject({
      'x-auth-request-user': 'alice',
      'x-filler-59': 'a'.repeat(1_000),
    })
  })

  it('are too long as a credential', async () => {
    const reply = await sendRaw(
      to('large'),
      head('GET / HTTP/1.1', `Host: ${SK}`, `Authorization: Bearer ${'a'.repeat(60_000)}`),
    )

    expect(headerOf(reply, 'x-ext-auth-reason')).toBe('credential is too long')
  })
})

describe('a WebSocket', () => {
  const upgrade = (...lines: readonly string[]) => upgradeWith(['Connection: Upgrade'], ...lines)
  const upgradeWith = (connection: readonly string[], ...lines: readonly string[]) =>
    [
      `GET /v2/stream HTTP/1.1`,
      `Host: ${SK}`,
      ...connection,
      'Upgrade: websocket',
      'Sec-WebSocket-Version: 13',
      'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
      ...lines,
      '\r\n',
    ].join('\r\n')

  it('is opened for permitted callers, and the model receives the identity', async () => {
    const { status, body } = await sendRaw(to('plain'), upgrade(ALICE))

    expect(status).toBe(101)
    expect(body).toContain('"x-auth-request-user":"alice"')
  })

  it.each([
    ['nobody', [], 401],
    ['a stranger', [`Authorization: Bearer ${TOKENS.stranger}`], 403],
  ])('is not opened for %s', async (_title, lines, status) => {
    expect((await sendRaw(to('plain'), upgrade(...lines))).status).toBe(status)
  })

  it.each(['plain', 'raw'])(
    'is not opened if its Connection header names a header that the next hop needs: %s',
    async (listener) => {
      for (const connection of [
        ['Connection: Upgrade, x-auth-request-user'],
        ['Connection: Upgrade, X-Auth-Request-Groups'],
        ['Connection: Upgrade', 'Connection: x-auth-request-credential'],
        ['Connection: Upgrade, x_auth_request_user'],
        ['Connection: x-api-key , Upgrade'],
        ['Connection: Upgrade, authorization'],
        ['Connection: Upgrade, cookie'],
        ['Connection: Upgrade, host'],
        ['Connection: Upgrade, x-request-id'],
      ]) {
        const reply = await sendRaw(to(listener), upgradeWith(connection, ALICE))

        expect([reply.status, headerOf(reply, 'x-ext-auth-reason')], connection.join()).toEqual([
          403,
          'request is not supported',
        ])
      }
    },
  )

  it('keeps no other header that lists headers to drop', async () => {
    const others = ['Proxy-Connection: x-auth-request-user', 'Keep-Alive: x-auth-request-user']
    const connection = ['Connection: keep-alive, Upgrade, TE']
    const { status, body } = await sendRaw(to('plain'), upgradeWith(connection, ...others, ALICE))

    expect(status).toBe(101)
    expect(body).toContain('"x-auth-request-user":"alice"')
    expect(body).not.toMatch(/"(?:proxy-connection|keep-alive)":/)
  })
})

describe('a Connection header without an upgrade', () => {
  it('never reaches the next hop', async () => {
    const lines = [`Host: ${SK}`, 'Connection: close, x-auth-request-user', ALICE]
    const reply = await sendRaw(
      to('plain'),
      ['GET /v1/models/m HTTP/1.1', ...lines, '', ''].join('\r\n'),
    )

    expect(reply.status).toBe(200)
    expect(reachedModel(reply)).toMatchObject({ 'x-auth-request-user': 'alice' })
    expect(reachedModel(reply)).not.toHaveProperty('connection')
  })
})

describe('server-sent events', () => {
  it('are streamed after one check', async () => {
    const body = JSON.stringify({ stream: true })
    const lines = ['POST /v1/completions HTTP/1.1', `Host: ${SK}`, `Content-Length: ${body.length}`]
    const reply = await sendRaw(to('plain'), head(...lines, ALICE) + body)

    expect(headerOf(reply, 'content-type')).toBe('text/event-stream')
    expect(reply.body.match(/^data: /gm)).toHaveLength(3)
    expect(reply.body).toContain('"x-auth-request-user":"alice"')
    expect(reply.body).toMatch(/data: \[DONE\]\n\n$/)
  })
})
