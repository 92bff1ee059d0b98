import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { modelInfer } from '../../testing/envoy/grpc.ts'
import { head, headerOf, reachedModel, sendHttp2, sendRaw } from '../../testing/envoy/http.ts'
import { type Mesh, startMesh, TEAM } from '../../testing/envoy/team.ts'
import { KEYS } from '../../testing/issuers/credentials.ts'
import { type OidcIssuer, startOidcIssuer } from '../../testing/issuers/oidc-issuer.ts'
import { bindingOf, providerOf } from '../../testing/issuers/provider.ts'

const SK = 'sk-team.example.com'
const BARE = 'bare-team.example.com'

const APP = 'https://app.example.com'

let mesh: Mesh
let issuer: OidcIssuer
const gateway = () => ({ port: mesh.portOf('gateway') })

beforeAll(async () => {
  issuer = await startOidcIssuer()
  mesh = await startMesh({
    manifests: TEAM,
    files: { 'chat.yaml': CHAT, 'evil.yaml': bindingOf(`issuer:${EVIL}`) },
    config: {
      headers: { claims: { 'x-email': 'email' } },
      cors: { origins: [APP], headers: ['authorization', 'content-type'] },
      jwt: {
        providers: [
          providerOf(issuer, {
            rbac: {
              username: { claim: 'sub', prefix: 'issuer:' },
              groups: { claim: 'groups', prefix: 'issuer:' },
            },
          }),
        ],
      },
    },
    listeners: { gateway: {} },
  })
})
afterAll(async () => {
  await mesh.stop()
  await issuer.stop()
})

const CHAT = `
apiVersion: serving.kserve.io/v1alpha1
kind: LLMInferenceService
metadata: { name: chat, namespace: team }
`

/** A user whose name at its issuer would end a header line. */
const EVIL = 'eve\r\nset-cookie: stolen=1'
const ENCODED = 'eve%0D%0Aset-cookie: stolen=1'

describe('the body of a denial', () => {
  const message = 'credential not found: send Authorization: Bearer <token or API key>'
  const plain = { error: message }
  const type = 'authentication_error'
  const openAi = { error: { message, type, param: null, code: 'missing-credential' } }
  const anthropic = {
    type: 'error',
    error: {
      type,
      message:
        'credential not found: send x-api-key: <API key>, or Authorization: Bearer <token or API key>',
    },
    request_id: expect.stringMatching(/^[0-9a-f-]{36}$/),
  }

  it.each([
    ['KServe V1', SK, '/v1/models/sk:predict', plain],
    ['KServe V1, with an encoded colon and a slash', SK, '/v1/models/sk%3Apredict/', plain],
    ['KServe V1, for the status of a model', SK, '/v1/models/sk', plain],
    ['KServe V2', SK, '/v2/models/sk/infer', plain],
    ['OpenAI', SK, '/v1/chat/completions', openAi],
    ['OpenAI', SK, '/v1/models', openAi],
    ['OpenAI, with a slash at its end', SK, '/v1/chat/completions/', openAi],
    ['OpenAI, below its prefix in KServe', SK, '/openai/v1/completions', openAi],
    ['OpenAI, below any prefix', SK, '/api/v3/embeddings', openAi],
    ['OpenAI, below the path of a model', 'llm.test', '/team/chat/v1/completions', openAi],
    ['Anthropic', SK, '/v1/messages', anthropic],
    ['Anthropic, below any prefix', SK, '/proxy/messages', anthropic],
    ['Anthropic, below the path of a model', 'llm.test', '/team/chat/v1/messages?a=b', anthropic],
    ['any other path', SK, '/predict', plain],
  ])('is in the dialect of %s: %s%s', async (_dialect, host, path, body) => {
    const reply = await sendRaw(gateway(), head(`POST ${path} HTTP/1.1`, `Host: ${host}`))

    expect(JSON.parse(reply.body)).toEqual(body)
    expect(headerOf(reply, 'x-ext-auth-reason')).toBe('credential not found')
  })

  it('is never empty, not even for gRPC-Web and unreadable requests', async () => {
    for (const lines of [
      ['POST /a.B/C HTTP/1.1', `Host: ${SK}`, 'content-type: application/grpc-web'],
      ['POST /a.B/C HTTP/1.1', `Host: ${SK}`, 'content-type: application/grpc-web-text'],
      ['GET /a;b/models/c HTTP/1.1', `Host: ${SK}`],
    ]) {
      const reply = await sendRaw(gateway(), head(...lines))
      const phrase = headerOf(reply, 'x-ext-auth-reason') ?? 'no phrase'
      expect(reply.body).toContain(`"error":"${phrase}: `)
    }
  })
})

describe('a page of another origin', () => {
  const preflight = (origin: string) =>
    sendRaw(
      gateway(),
      head(
        'OPTIONS /v1/chat/completions HTTP/1.1',
        `Host: ${SK}`,
        `Origin: ${origin}`,
        'Access-Control-Request-Method: POST',
        'Access-Control-Request-Headers: authorization, content-type',
        'Content-Length: 0',
      ),
    )

  it('that is configured may send its request, and read why it is denied', async () => {
    const allowed = await preflight(APP)
    expect([allowed.status, allowed.body]).toEqual([204, ''])
    expect(headerOf(allowed, 'access-control-allow-origin')).toBe(APP)
    expect(headerOf(allowed, 'access-control-allow-headers')).toBe('authorization, content-type')
    expect(headerOf(allowed, 'access-control-max-age')).toBe('600')

    const lines = ['POST /v1/chat/completions HTTP/1.1', `Host: ${SK}`, `Origin: ${APP}`]
    const denied = await sendRaw(gateway(), head(...lines, 'Content-Length: 0'))
    expect(denied.status).toBe(401)
    expect(headerOf(denied, 'access-control-allow-origin')).toBe(APP)
    expect(headerOf(denied, 'access-control-allow-credentials')).toBe('true')
    expect(headerOf(denied, 'access-control-expose-headers')).toContain('x-ext-auth-reason')
  })

  it('that is not configured may do neither', async () => {
    const denied = await preflight('https://evil.example.com')
    expect(denied.status).toBe(401)
    expect(denied.headers.filter(([name]) => name.startsWith('access-control-'))).toEqual([])
  })
})

describe('no CR or LF from outside enters an answer:', () => {
  const OURS = ['x-ext-auth-reason', 'www-authenticate', 'content-type', 'x-request-id']
  const ENVOYS = ['content-length', 'date', 'server', 'connection']

  it.each([
    ['escaped in the path', ['GET /v1/models/%0d%0aset-cookie:a HTTP/1.1', `Host: ${SK}`]],
    ['escaped in the query', ['GET /?%0d%0aset-cookie:%20a=1 HTTP/1.1', `Host: ${SK}`]],
    ['escaped in a request id', ['GET / HTTP/1.1', `Host: ${SK}`, 'x-request-id: %0d%0aa: b']],
    ['as non-ASCII bytes', ['GET / HTTP/1.1', `Host: ${SK}`, 'x-a: \u008d\u008a\u0085a: b']],
    ['in a credential', ['GET / HTTP/1.1', `Host: ${SK}`, 'x-api-key: \\r\\nset-cookie:a=1']],
  ])('%s', async (_title, lines) => {
    const { status, headers } = await sendRaw(gateway(), head(...lines))

    expect(status).toBe(401)
    const names = headers.map(([name]) => name).toSorted()
    // An id with other characters is not quoted.
    const ours = lines.join().includes('x-request-id') ? OURS.slice(0, -1) : OURS
    expect(names).toEqual([...ours, ...ENVOYS].toSorted())
    for (const [, value] of headers) expect(value).toMatch(/^[\x20-\x7e]+$/)
  })

  it.each([
    ['a bare CR in a header', ['GET / HTTP/1.1', `Host: ${SK}`, 'x-a: b\rset-cookie: a=1']],
    ['a folded header', ['GET / HTTP/1.1', `Host: ${SK}`, 'x-a: b', ' set-cookie: a=1']],
    ['a NUL in a header', ['GET / HTTP/1.1', `Host: ${SK}`, 'x-a: b\0c']],
  ])('%s is refused by Envoy or the service, never allowed', async (_title, lines) => {
    expect([400, 401]).toContain((await sendRaw(gateway(), head(...lines))).status)
  })

  it('in the user and group of a Secret is percent-encoded', async () => {
    const headers = [['x-api-key', KEYS.mallory]] as const
    const lines = ['GET / HTTP/1.1', `Host: ${BARE}`, `x-api-key: ${KEYS.mallory}`]
    const request = { path: '/', authority: BARE, headers }
    const grpc = { host: BARE, metadata: { 'x-api-key': KEYS.mallory } }
    const seen = [
      reachedModel(await sendRaw(gateway(), head(...lines))),
      reachedModel(await sendHttp2(gateway(), request)),
      (await modelInfer(gateway(), grpc)).reached,
    ]

    for (const reached of seen) {
      expect(reached).toMatchObject({
        'x-auth-request-user': 'mallory%0D%0Aset-cookie: stolen=1',
        'x-auth-request-groups': 'gold%0D%0Ax-role: admin,plain',
        'x-auth-request-credential': 'api-key',
      })
      const names = Object.keys(reached)
      expect(names).not.toContain('set-cookie')
      expect(names).not.toContain('x-role')
    }
  })

  it('in the user, group or claim of a token is percent-encoded', async () => {
    const token = issuer.token({ sub: EVIL, email: EVIL, groups: [EVIL, 'models'] })
    const lines = ['GET / HTTP/1.1', `Host: ${BARE}`, `Authorization: Bearer ${token}`]
    const reached = reachedModel(await sendRaw(gateway(), head(...lines)))

    expect(reached).toMatchObject({
      'x-auth-request-user': `issuer:${ENCODED}`,
      'x-auth-request-groups': `issuer:${ENCODED},issuer:models`,
      'x-auth-request-credential': 'jwt',
      'x-email': ENCODED,
    })
    for (const name of ['set-cookie', 'stolen']) expect(Object.keys(reached)).not.toContain(name)
  })
})
