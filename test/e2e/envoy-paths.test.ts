import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { capturedPaths } from '../../testing/envoy/captures.ts'
import { head, pathAtModel, sendHttp2, sendRaw } from '../../testing/envoy/http.ts'
import { type Mesh, startMesh, TEAM } from '../../testing/envoy/team.ts'
import { entriesAt, textAt } from '../../testing/json.ts'
import { MORE_PATHS, PATH_ANSWERS } from '../fixtures/path-answers.ts'

const SK = 'sk-team.example.com'
const SIDECAR = '127.0.0.11'

const LISTENERS = {
  plain: { normalizePath: false, mergeSlashes: false },
  base: { normalizePath: true, mergeSlashes: false },
  merge: { normalizePath: true, mergeSlashes: true },
  decode: {
    normalizePath: true,
    mergeSlashes: true,
    pathWithEscapedSlashesAction: 'UNESCAPE_AND_FORWARD',
  },
} as const

let mesh: Mesh
beforeAll(async () => {
  mesh = await startMesh({
    manifests: TEAM,
    listeners: { ...LISTENERS, sidecar: { host: SIDECAR } },
  })
})
afterAll(() => mesh.stop())

/** The captures write non-ASCII bytes as `\xc3`. */
const bytesOf = (path: string) =>
  path.replaceAll(/\\x([0-9a-f]{2})/g, (_escape, hex) => String.fromCharCode(Number(`0x${hex}`)))

const CAPTURED = entriesAt(capturedPaths()).map(
  ([name, seen]) => [bytesOf(textAt(seen, 'sent')), PATH_ANSWERS[name]] as const,
)

const ask = (path: string, listener: string, method = 'GET') =>
  sendRaw({ port: mesh.portOf(listener) }, head(`${method} ${path} HTTP/1.1`, `Host: ${SK}`))

describe('each spelling of a path gets the expected answer:', () => {
  it.each([...CAPTURED, ...MORE_PATHS])('%j %j', async (path, answers) => {
    const replies = await Promise.all(Object.keys(LISTENERS).map((listener) => ask(path, listener)))

    expect(replies.map(({ status }) => status)).toEqual(answers)
    for (const reply of replies.filter(({ status }) => status === 200)) {
      expect(pathAtModel(reply).split('?')[0]).toBe('/healthz')
    }
  })

  it('and no captured spelling is missing', () => {
    expect(entriesAt(capturedPaths()).map(([name]) => name)).toEqual(Object.keys(PATH_ANSWERS))
  })
})

describe('an excluded path', () => {
  it.each([
    ['GET', 200],
    ['HEAD', 200],
    ['POST', 401],
    ['PUT', 401],
    ['DELETE', 401],
    ['OPTIONS', 401],
    ['PATCH', 401],
  ])('is excluded for GET and HEAD only: %s', async (method, status) => {
    expect((await ask('/healthz', 'base', method)).status).toBe(status)
  })

  it('is excluded over HTTP/2 too', async () => {
    const to = { port: mesh.portOf('plain') }
    const ask = (path: string) => sendHttp2(to, { path, authority: SK })

    expect((await ask('/healthz')).status).toBe(200)
    expect((await ask('/a/../healthz')).status).toBe(401)
    expect((await ask('//healthz')).status).toBe(401)
  })

  it.each([
    ['/healthz', 200],
    ['/metrics', 200],
    ['/debug/pprof/', 404],
    ['/debug/pprof/heap', 401],
    ['/readyz', 401],
    ['/v2/health/ready', 401],
  ])("is one of the component's at its sidecar: %s %i", async (path, status) => {
    const to = { port: mesh.portOf('sidecar'), address: SIDECAR }

    expect((await sendRaw(to, head(`GET ${path} HTTP/1.1`, `Host: ${SK}`))).status).toBe(status)
  })

  it('of one service does not apply to another', async () => {
    const flow = head('GET /healthz HTTP/1.1', 'Host: flow-team.example.com')

    expect((await sendRaw({ port: mesh.portOf('base') }, flow)).status).toBe(401)
  })

  it('upgrades to a WebSocket like an ordinary request: one check', async () => {
    const upgrade = ['Upgrade: websocket', 'Connection: Upgrade', 'Sec-WebSocket-Version: 13']
    const key = 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=='
    const lines = (path: string) => [`GET ${path} HTTP/1.1`, `Host: ${SK}`, ...upgrade, key, '', '']
    const to = { port: mesh.portOf('base') }

    expect((await sendRaw(to, lines('/healthz').join('\r\n'))).status).toBe(101)
    expect((await sendRaw(to, lines('/healthzX').join('\r\n'))).status).toBe(401)
  })
})
