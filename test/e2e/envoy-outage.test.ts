import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { get, until } from '../../scripts/child.ts'
import { modelInfer } from '../../testing/envoy/grpc.ts'
import { head, headerOf, type Reply, sendHttp2, sendRaw } from '../../testing/envoy/http.ts'
import { type Mesh, startMesh, TEAM } from '../../testing/envoy/team.ts'
import { KEYS } from '../../testing/issuers/credentials.ts'
import { type OidcIssuer, startOidcIssuer } from '../../testing/issuers/oidc-issuer.ts'
import { bindingOf, providerOf } from '../../testing/issuers/provider.ts'
import { at } from '../../testing/json.ts'

const SK = 'sk-team.example.com'
const OPEN = 'open-team.example.com'
const PATH = '/v1/models/m'
const LATE = 'no answer in time'

let mesh: Mesh
let issuer: OidcIssuer
let release: () => void

beforeAll(async () => {
  issuer = await startOidcIssuer()
  release = issuer.hold()
  mesh = await startMesh({
    manifests: TEAM,
    files: { 'ada.yaml': bindingOf('issuer:ada') },
    config: { jwt: { providers: [providerOf(issuer)] } },
    listeners: { gateway: { timeout: '0.5s', statusOnError: 503 } },
  })
})
afterAll(async () => {
  await mesh.stop()
  await issuer.stop()
})

const to = () => ({ port: mesh.portOf('gateway') })
const get1 = (host: string, ...lines: readonly string[]) =>
  sendRaw(to(), head(`GET ${PATH} HTTP/1.1`, `Host: ${host}`, ...lines))

const ALICE = `x-api-key: ${KEYS.alice}`

const isAnswering = () =>
  until('the service answers', async () => ((await get1(OPEN)).status === 200 ? true : undefined))

/** Nobody is admitted, not even to an open service: over HTTP/1.1, HTTP/2 and gRPC. */
async function expectNobodyComesThrough() {
  const replies: readonly Reply[] = [
    await get1(SK, ALICE),
    await get1(OPEN),
    await get1(SK),
    await sendHttp2(to(), { path: PATH, authority: SK, headers: [['x-api-key', KEYS.alice]] }),
  ]
  const grpc = await modelInfer(to(), { host: SK, metadata: { 'x-api-key': KEYS.alice } })

  for (const reply of replies) {
    expect(reply.status).toBe(503)
    expect(headerOf(reply, 'x-ext-auth-reason')).toBeUndefined()
    expect(reply.body).toBe('')
  }
  expect(grpc.code).toBe(14)
}

describe('while the keys of an issuer are unavailable', () => {
  it("its tokens are denied before Envoy's timeout, and API keys still work", async () => {
    const token = `Authorization: Bearer ${issuer.token()}`
    // Between two attempts to fetch them the answer is different and immediate.
    const reply = await until('a late answer', async () => {
      const answer = await get1(SK, token)
      return headerOf(answer, 'x-ext-auth-reason') === LATE ? answer : undefined
    })

    expect(reply.status).toBe(503)
    expect(headerOf(reply, 'retry-after')).toMatch(/^[123]$/)
    expect(reply.body).not.toBe('')
    expect((await get1(SK, ALICE)).status).toBe(200)
  })
})

describe('a service that hangs', () => {
  it('admits nobody, and answers again after it continues', async () => {
    await isAnswering()
    mesh.service().signal('SIGSTOP')
    try {
      await expectNobodyComesThrough()
    } finally {
      mesh.service().signal('SIGCONT')
    }

    await isAnswering()
    expect((await get1(SK, ALICE)).status).toBe(200)
  })
})

describe('a service that was killed', () => {
  it('admits nobody until another one is started in its place', async () => {
    await isAnswering()
    mesh.service().signal('SIGKILL')
    expect(await mesh.service().ended).toBe('the service ended by SIGKILL')
    await expectNobodyComesThrough()

    await mesh.restartService()
    await isAnswering()
    expect((await get1(SK, ALICE)).status).toBe(200)
    expect((await get1(SK)).status).toBe(401)
  })
})

describe('a service that receives SIGTERM', () => {
  const REQUESTS = 50

  it('answers requests received before, and exits cleanly', async () => {
    await mesh.restartService()
    await isAnswering()
    const service = mesh.service()
    const token = issuer.token()
    const asked = Array.from({ length: REQUESTS }, (_each, index) =>
      index % 2 === 0
        ? get1(SK, `Authorization: Bearer ${token}`)
        : sendHttp2(to(), {
            path: PATH,
            authority: SK,
            headers: [['authorization', `Bearer ${token}`]],
          }),
    )
    await until('all requests are with the service', checksInFlight)
    service.signal('SIGTERM')
    await until('it stops', async () => service.log.find((line) => at(line, 'msg') === 'stopping'))
    release()
    const replies = await Promise.all(asked)

    // Envoy's own denial would have no reason.
    const outcomes = replies.map((reply) => headerOf(reply, 'x-ext-auth-reason') ?? reply.status)
    expect(outcomes.filter((outcome) => outcome !== 200 && outcome !== LATE)).toEqual([])
    expect(await service.ended).toBe('the service ended with exit code 0')
    expect(service.log.at(-1)).toMatchObject({ msg: 'stopped' })
    await expectNobodyComesThrough()
  })

  async function checksInFlight(): Promise<true | undefined> {
    const { text } = await get(`http://127.0.0.1:${mesh.adminPort}/stats?filter=upstream_rq_active`)
    const [, active] = /^cluster\.authz-\d+\.upstream_rq_active: (\d+)$/m.exec(text) ?? []
    return Number(active) === REQUESTS || undefined
  }
})
