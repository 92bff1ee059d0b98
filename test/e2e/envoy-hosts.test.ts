import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { head, headerOf, reachedModel, sendHttp2, sendRaw } from '../../testing/envoy/http.ts'
import { type Mesh, startMesh, TEAM } from '../../testing/envoy/team.ts'

const SK = 'sk-team.example.com'
const OPEN = 'open-team.example.com'
const SIDECAR = '127.0.0.11'
const STRANGER = '127.0.0.99'

let mesh: Mesh
beforeAll(async () => {
  mesh = await startMesh({
    manifests: TEAM,
    listeners: {
      gateway: {},
      sidecar: { host: SIDECAR },
      // A pod that the folder does not contain yet.
      stranger: { host: STRANGER },
    },
  })
})
afterAll(() => mesh.stop())

const gateway = () => ({ port: mesh.portOf('gateway') })
const sidecar = () => ({ port: mesh.portOf('sidecar'), address: SIDECAR })

const stranger = () => ({ port: mesh.portOf('stranger'), address: STRANGER })

const GET = 'GET /v1/models/m HTTP/1.1'
const NOT_FOUND = 'no such service'
const UNSUPPORTED = 'request is not supported'
const CONFLICT = 'request names more than one service'
const MISSING = 'credential not found'

describe('at a gateway the host determines the service:', () => {
  it.each<[title: string, lines: readonly string[], status: number, reason?: string]>([
    ['the host of its status', [`Host: ${OPEN}`], 200],
    ['in another case, with a port', ['Host: OPEN-Team.Example.Com:0080'], 200],
    ['with a trailing dot, which Envoy does not strip', [`Host: ${OPEN}.`], 403, UNSUPPORTED],
    ['by its name in the cluster', ['Host: open.team.svc.cluster.local'], 200],
    ['by the name of its predictor', ['Host: open-predictor.team:8080'], 200],
    ['a protected one in another case', ['Host: SK-Team.Example.Com:0080'], 401, MISSING],
    ['a protected one by its name', ['Host: sk.team'], 401, MISSING],
    ["nobody's", ['Host: nobody.example.com'], 403, NOT_FOUND],
    ['an address', ['Host: 127.0.0.1'], 403, NOT_FOUND],
    ['two hosts', [`Host: ${OPEN}`, `Host: ${SK}`], 403, UNSUPPORTED],
    ['the same host twice', [`Host: ${OPEN}`, `Host: ${OPEN}`], 403, UNSUPPORTED],
    ['two in one line', [`Host: ${OPEN},${SK}`], 403, UNSUPPORTED],
    ['an empty host', ['Host:'], 403, UNSUPPORTED],
    ['a host with two dots', [`Host: ${OPEN}..`], 403, UNSUPPORTED],
  ])('%s', async (_title, lines, status, reason) => {
    const reply = await sendRaw(gateway(), head(GET, ...lines))

    expect(reply.status).toBe(status)
    expect(headerOf(reply, 'x-ext-auth-reason')).toBe(reason)
  })

  it.each(['a@b', 'open-team.example.com/x?', '[::1', 'open team'])(
    '%s never reaches a model',
    async (host) => {
      expect([400, 403]).toContain((await sendRaw(gateway(), head(GET, `Host: ${host}`))).status)
    },
  )

  it.each([
    ['an open one with the Host of a protected one', OPEN, SK, 200],
    ['a protected one with the Host of an open one', SK, OPEN, 401],
  ])('an absolute target wins over Host: %s', async (_title, target, host, status) => {
    const sent = head(`GET http://${target}/v1/models/m HTTP/1.1`, `Host: ${host}`)
    const reply = await sendRaw(gateway(), sent)

    expect(reply.status).toBe(status)
    if (status === 200) expect(reachedModel(reply).host).toBe(target)
  })

  it.each([
    ['a protected one with the Host of an open one', SK, OPEN, 401],
    ['an open one with the Host of a protected one', OPEN, SK, 200],
  ])('over HTTP/2 the authority wins over Host: %s', async (_title, authority, host, status) => {
    const headers = [['host', host]] as const
    const reply = await sendHttp2(gateway(), { path: '/v1/models/m', authority, headers })

    expect(reply.status).toBe(status)
    if (status === 200) expect(reachedModel(reply).host).toBe(authority)
  })

  it('over HTTP/2 two hosts are refused', async () => {
    const reply = await sendHttp2(gateway(), { path: '/v1/models/m', authority: `${OPEN},${SK}` })

    expect([400, 403]).toContain(reply.status)
  })
})

describe('at a sidecar the pod determines the service, whatever the host:', () => {
  it.each([
    ['its own', SK, 401, MISSING],
    ["nobody's", 'anything.example', 401, MISSING],
    ['its address', '127.0.0.11:8080', 401, MISSING],
    ['the host of an open service', OPEN, 403, CONFLICT],
    ['the name of an open service in the cluster', 'open.team.svc', 403, CONFLICT],
  ])('%s', async (_title, host, status, reason) => {
    const reply = await sendRaw(sidecar(), head(GET, `Host: ${host}`))

    expect(reply.status).toBe(status)
    expect(headerOf(reply, 'x-ext-auth-reason')).toBe(reason)
  })
})

describe('at a sidecar of an unknown pod', () => {
  it.each([OPEN, SK, `${STRANGER}:8080`])(
    'the Host does not determine the service: %s',
    async (host) => {
      const reply = await sendRaw(stranger(), head(GET, `Host: ${host}`))

      expect(reply.status).toBe(403)
      expect(headerOf(reply, 'x-ext-auth-reason')).toBe(NOT_FOUND)
    },
  )
})

describe('nothing else that a client sends selects the service, opens it or excludes a path:', () => {
  const IDENTITY = 'spiffe://cluster.local/ns/team/sa/sk-predictor'

  it.each([
    ['X-Forwarded-Host', OPEN],
    ['X-Forwarded-Server', OPEN],
    ['X-Forwarded-For', '127.0.0.12'],
    ['X-Forwarded-Proto', 'https'],
    ['X-Forwarded-Port', '443'],
    ['X-Forwarded-Uri', '/healthz'],
    ['X-Forwarded-Prefix', '/healthz'],
    ['X-Forwarded-Method', 'GET'],
    ['X-Forwarded-Client-Cert', `By=${IDENTITY};URI=${IDENTITY}`],
    ['Forwarded', `for=127.0.0.12;host=${OPEN}`],
    ['X-Original-Host', OPEN],
    ['X-Original-Url', '/healthz'],
    ['X-Rewrite-Url', '/healthz'],
    ['X-Envoy-Original-Path', '/healthz'],
    ['X-Envoy-Original-Dst-Host', '127.0.0.14:80'],
    ['X-Envoy-Decorator-Operation', 'open-predictor.team.svc.cluster.local:80/*'],
    ['X-Envoy-External-Address', '127.0.0.12'],
    ['X-Envoy-Internal', 'true'],
    ['X-Envoy-Auth-Failure-Mode-Allowed', 'true'],
    ['X-Envoy-Auth-Partial-Body', 'true'],
    ['X-Envoy-Peer-Metadata', 'forged'],
    ['X-Envoy-Downstream-Service-Cluster', 'istio-ingressgateway'],
    ['X-Http-Method-Override', 'GET'],
    ['K-Original-Host', OPEN],
    ['K-Network-Probe', 'probe'],
    ['KServe-Isvc-Name', 'open'],
    ['Knative-Serving-Revision', 'open-predictor-00001'],
    ['User-Agent', 'kube-probe/1.31'],
  ])('%s: %s', async (name, value) => {
    const lines = [
      'POST /healthz HTTP/1.1',
      `Host: ${SK}`,
      'Content-Length: 0',
      `${name}: ${value}`,
    ]
    const replies = [
      await sendRaw(gateway(), head(...lines)),
      await sendRaw(sidecar(), head(...lines)),
    ]

    expect(replies.map(({ status }) => status)).toEqual([401, 401])
    expect(replies.map((reply) => headerOf(reply, 'x-ext-auth-reason'))).toEqual([MISSING, MISSING])
  })
})

describe('the model header', () => {
  const ask = async (to: ReturnType<typeof gateway>, ...lines: readonly string[]) =>
    headerOf(await sendRaw(to, head(GET, `Host: ${OPEN}`, ...lines)), 'x-ext-auth-reason')

  it('with an unknown name opens nothing at a gateway', async () => {
    expect(await ask(gateway(), 'X-Gateway-Model-Name: publishers/team/models/open')).toBe(
      NOT_FOUND,
    )
  })

  it.each([
    ['twice', ['X-Gateway-Model-Name: x', 'X-Gateway-Model-Name: publishers/team/models/open']],
    ['with an empty second line', ['X-Gateway-Model-Name: x', 'X-Gateway-Model-Name:']],
    ['with an empty first line', ['X-Gateway-Model-Name:', 'X-Gateway-Model-Name: x']],
    ['with two values in a line', ['x-gateway-model-name: x, y']],
  ])('is refused %s', async (_title, lines) => {
    expect(await ask(gateway(), ...lines)).toBe(CONFLICT)
  })
})
