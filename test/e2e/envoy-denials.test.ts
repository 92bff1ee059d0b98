import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { until } from '../../scripts/child.ts'
import { findClients, findPythonClients } from '../../scripts/issuers.ts'
import { askWithLibraries } from '../../testing/envoy/client-libraries.ts'
import { type Asked, DENIALS } from '../../testing/envoy/denials.ts'
import { modelInfer } from '../../testing/envoy/grpc.ts'
import { head, headerOf, sendHttp2, sendRaw } from '../../testing/envoy/http.ts'
import { askWithPython } from '../../testing/envoy/python-clients.ts'
import { type Mesh, startMesh, TEAM } from '../../testing/envoy/team.ts'
import { KEYS, TOKENS } from '../../testing/issuers/credentials.ts'
import {
  createSigner,
  goodClaims,
  nowSeconds,
  type OidcIssuer,
  startOidcIssuer,
} from '../../testing/issuers/oidc-issuer.ts'
import { providerOf } from '../../testing/issuers/provider.ts'
import { at, textAt } from '../../testing/json.ts'

const DEAD_ISSUER = 'https://dead-issuer.test'
const SK = 'sk-team.example.com'
/** The address of the pod sk-predictor-0. */
const AT_SK = '127.0.0.11'

let mesh: Mesh
let issuer: OidcIssuer
let clients: string
let tokens: Readonly<Record<string, string>> = {}

beforeAll(async () => {
  clients = await findClients((line) => void process.stderr.write(`${line}\n`))
  issuer = await startOidcIssuer()
  tokens = {
    forged: createSigner().sign(goodClaims(issuer.issuer)),
    expired: issuer.token({ exp: nowSeconds() - 3_600 }),
    'for others': issuer.token({ aud: 'others' }),
    'of nobody': issuer.token({ iss: 'https://nobody.test' }),
    'of the dead': issuer.token({ iss: DEAD_ISSUER }),
    unbound: issuer.token(),
  }
  const dead = { issuer: DEAD_ISSUER, jwksUri: 'http://127.0.0.1:1/keys' }
  mesh = await startMesh({
    manifests: TEAM,
    files: { 'chat.yaml': CHAT },
    config: {
      jwt: {
        providers: [
          providerOf(issuer),
          providerOf(dead, { name: 'dead', rbac: { username: { claim: 'sub', prefix: 'dead:' } } }),
        ],
      },
    },
    listeners: { gateway: {}, failOpen: { failureModeAllow: true }, sidecar: { host: AT_SK } },
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

function askedOf({ host = SK, path = '/v2/models/sk/infer', grpcPath, ...asked }: Asked) {
  const token = asked.token === undefined ? {} : { authorization: `Bearer ${tokens[asked.token]}` }
  const [listener, address] = asked.atSidecar ? ['sidecar', AT_SK] : ['gateway', '127.0.0.1']
  const to = { port: mesh.portOf(listener ?? ''), address }
  const headers = Object.entries({ ...asked.headers, ...token })
  const lines = [
    `POST ${path} HTTP/1.1`,
    `Host: ${host}`,
    'Content-Length: 0',
    ...headers.map(([name, value]) => `${name}: ${value}`),
  ]
  return {
    to,
    http1: head(...lines),
    http2: { method: 'POST', path, authority: host, headers },
    grpc: {
      host,
      metadata: Object.fromEntries(headers),
      ...(grpcPath === undefined ? {} : { path: grpcPath }),
    },
  }
}

/** Of the clients of OpenAI, of Anthropic and of LangChain, by status. */
const EXCEPTIONS: Readonly<Record<number, readonly string[]>> = {
  401: ['AuthenticationError', 'AuthenticationError', 'AuthenticationError'],
  403: ['PermissionDeniedError', 'PermissionDeniedError', 'PermissionDeniedError'],
  503: ['InternalServerError', 'ServiceUnavailableError', 'InternalServerError'],
}

/** Of OpenAI's client in Python, by status. */
const PYTHON: Readonly<Record<number, string>> = {
  401: 'AuthenticationError',
  403: 'PermissionDeniedError',
  503: 'InternalServerError',
}
const CODES: Readonly<Record<number, string>> = {
  7: 'PERMISSION_DENIED',
  14: 'UNAVAILABLE',
  16: 'UNAUTHENTICATED',
}

/** The phrase, and one sentence that says what to do. */
const messageOf = (phrase: string) => new RegExp(`^${phrase}: [^.]+$`)

describe.each(DENIALS)('%s', (reason, phrase, as, asked) => {
  it('is reported over HTTP/1.1 and HTTP/2', async () => {
    const { to, http1, http2 } = askedOf(asked)

    for (const reply of [await sendRaw(to, http1), await sendHttp2(to, http2)]) {
      expect(reply.status).toBe(as.status)
      expect(headerOf(reply, 'x-ext-auth-reason')).toBe(phrase)
      expect(headerOf(reply, 'www-authenticate')).toBe(as.challenge)
      expect(headerOf(reply, 'retry-after') ?? '').toMatch(as.retryAfter ?? /^$/)
      expect(headerOf(reply, 'content-type')).toBe('application/json')
      expect(textAt(JSON.parse(reply.body), 'error')).toMatch(messageOf(phrase))
    }
  })

  it('is reported over gRPC, with the reason as the message of the status', async () => {
    const { to, grpc } = askedOf(asked)
    const { code, headers, message } = await modelInfer(to, grpc)

    expect(code).toBe(as.grpcStatus)
    expect(headers['x-ext-auth-reason']).toBe(phrase)
    expect(headers['www-authenticate']).toBe(as.challenge)
    expect(headers['retry-after'] ?? '').toMatch(as.retryAfter ?? /^$/)
    expect(message).toMatch(messageOf(phrase))
  })

  it('is an exception with the reason and the id in the clients of OpenAI, Anthropic and LangChain', async () => {
    const { to, http2 } = askedOf(asked)
    const prefix = asked.path?.includes(';') ? '/v1;x' : ''
    const request = {
      folder: clients,
      ...to,
      host: http2.authority,
      headers: http2.headers,
      prefix,
    }
    const thrown = await askWithLibraries(request)
    const [openai, anthropic, langchain] = thrown

    expect(thrown.map(({ exception }) => exception)).toEqual(EXCEPTIONS[as.status])
    expect(openai?.message).toMatch(new RegExp(`^${as.status} ${phrase}: [^.]+$`))
    // LangChain may add a link to its own page.
    expect(langchain?.message).toMatch(new RegExp(`^${as.status} ${phrase}: [^.]+`))
    expect(anthropic?.message).toContain(`"message":"${phrase}: `)
    for (const { requestId } of thrown) expect(requestId).toMatch(/^[0-9a-f-]{36}$/)
  })

  it('has the id of the request in its answer and in the log', async () => {
    const { to, http1, grpc } = askedOf(asked)
    const { headers } = await modelInfer(to, grpc)
    const ids = [headerOf(await sendRaw(to, http1), 'x-request-id'), headers['x-request-id']]

    for (const id of ids) {
      expect(id).toMatch(/^[0-9a-f-]{36}$/)
      const line = await until('its line in the log', async () =>
        mesh.service().decisions.find((each) => at(each, 'requestId') === id),
      )
      expect(at(line, 'reason')).toBe(reason)
    }
  })

  it('stays a denial with failure_mode_allow', async () => {
    const { to, http1 } = askedOf(asked)
    const failOpen = asked.atSidecar ? to : { port: mesh.portOf('failOpen') }

    expect((await sendRaw(failOpen, http1)).status).toBe(as.status)
  })
})

it('each denial is an exception with its reason in the Python clients of OpenAI and Triton', async () => {
  const python = await findPythonClients((line) => void process.stderr.write(`${line}\n`))
  // tritonclient chooses the path itself.
  const all = DENIALS.filter(([, , , { grpcPath }]) => grpcPath === undefined)
  const asking = all.map(([, , , asked]) => {
    const { to, http2 } = askedOf(asked)
    return { ...to, host: http2.authority, headers: http2.headers, prefix: '' }
  })
  const thrown = await askWithPython(python, asking)

  expect(thrown).toHaveLength(all.length)
  for (const [index, [, phrase, as]] of all.entries()) {
    const { openai, triton, requestId } = thrown[index] ?? {}
    expect(openai).toMatch(
      new RegExp(`^${PYTHON[as.status]}: Error code: ${as.status} - ${phrase}: [^.]+$`),
    )
    expect(triton).toMatch(
      new RegExp(`^InferenceServerException StatusCode.${CODES[as.grpcStatus]}: ${phrase}: [^.]+$`),
    )
    expect(requestId).toMatch(/^[0-9a-f-]{36}$/)
  }
})

it('a browser that opens the address of a model gets a page', async () => {
  const { to, http2 } = askedOf({})
  const accept = 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8'
  const reply = await sendHttp2(to, { ...http2, method: 'GET', headers: [['accept', accept]] })

  expect(reply.status).toBe(401)
  expect(headerOf(reply, 'content-type')).toBe('text/html; charset=utf-8')
  expect(headerOf(reply, 'content-security-policy')).toContain("default-src 'none'")
  expect(reply.body).toContain('<h1>401</h1><p>credential not found: ')
})

describe('the decision log', () => {
  it('has every reason, and no key or token', async () => {
    const told = await until('every reason in the log', async () => {
      const { decisions } = mesh.service()
      const reasons = new Set(decisions.map((line) => at(line, 'reason')))
      return DENIALS.every(([reason]) => reasons.has(reason))
        ? JSON.stringify(decisions)
        : undefined
    })

    const secrets = [KEYS, TOKENS, tokens].flatMap((each) => Object.values(each))
    expect(secrets.filter((secret) => told.includes(secret))).toEqual([])
  })
})
