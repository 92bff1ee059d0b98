import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { get } from '../../scripts/child.ts'
import { encodeCheckRequest } from '../../src/envoy/protocol.ts'
import { inferenceService } from '../../testing/cluster/rbac.ts'
import { aCheck } from '../../testing/envoy/check-client.ts'
import { listAt } from '../../testing/json.ts'
import { INGRESS } from '../../testing/mesh/gateways.ts'
import { GATEWAY_PORT, meshConfig, WORKLOAD_PORT } from '../../testing/mesh/installation.ts'
import { type Mesh, startMesh } from '../../testing/mesh/mesh.ts'
import { destination, meshService, sidecar, virtualService } from '../../testing/mesh/objects.ts'
import { componentOf } from '../../testing/mesh/pods.ts'
import { sendHttp2 } from '../../testing/scenario/http.ts'

const HTTP_PORT = 9002
const HOST = 'iris.team.svc.cluster.local'

const routeOf = (host: string) =>
  virtualService('team', host, {
    hosts: [host],
    gateways: [INGRESS],
    http: [{ route: [destination('iris-predictor.team.svc.cluster.local')] }],
  })

let mesh: Mesh
beforeAll(async () => {
  mesh = await startMesh({
    pods: { 'iris-predictor': { labels: componentOf('iris') } },
    objects: [inferenceService('team', 'iris'), routeOf(HOST)],
  })
  const { workloadPort, gatewayPort, httpPort } = mesh.service.now()
  const { labels, address } = mesh.authz
  await mesh.cluster.apply(
    sidecar('kserve-authz', 'kserve-authz', {
      labels,
      address,
      inbound: [
        { number: WORKLOAD_PORT, protocol: 'GRPC', upstream: workloadPort },
        { number: GATEWAY_PORT, protocol: 'GRPC', upstream: gatewayPort },
        { number: HTTP_PORT, protocol: 'HTTP', upstream: httpPort },
      ],
    }),
  )
})
afterAll(() => mesh?.stop())

/** A check in gRPC's framing. */
function framed(): Buffer {
  const message = encodeCheckRequest(aCheck())
  const head = Buffer.alloc(5)
  head.writeUInt32BE(message.length, 1)
  return Buffer.concat([head, message])
}

/** The gRPC status of a check at a port of the service; `undefined`: refused before gRPC. */
async function check(port: number, account: string) {
  const { address } = mesh.authz
  const answer = await sendHttp2({
    address,
    port,
    tls: await mesh.identities.issue(account),
    method: 'POST',
    path: '/envoy.service.auth.v3.Authorization/Check',
    headers: { host: 'kserve-authz', 'content-type': 'application/grpc', te: 'trailers' },
    body: framed(),
  })
  return { grpc: answer.headers['grpc-status'], message: answer.headers['grpc-message'] }
}

const ANSWERED = { grpc: '0' }
const REFUSED = { grpc: '7', message: 'RBAC: access denied' }

describe('the ports for checks', () => {
  it.each([
    ['the sidecar of a model', WORKLOAD_PORT, 'team/default'],
    ['the gateway', GATEWAY_PORT, 'istio-system/istio-ingressgateway'],
  ])('answer %s', async (_title, port, account) => {
    expect(await check(port, account)).toMatchObject(ANSWERED)
  })

  it.each([
    ['a model on the port for gateways', GATEWAY_PORT, 'team/default'],
    ['a gateway on the port for models', WORKLOAD_PORT, 'istio-system/istio-ingressgateway'],
    ['a workload of another namespace', WORKLOAD_PORT, 'elsewhere/default'],
    ['a workload of another namespace as a gateway', GATEWAY_PORT, 'elsewhere/default'],
  ])('refuse %s', async (_title, port, account) => {
    expect(await check(port, account)).toMatchObject(REFUSED)
  })

  it.each([WORKLOAD_PORT, GATEWAY_PORT])(
    'refuse connections without a certificate: %d',
    async (port) => {
      const plain = { address: mesh.authz.address, port, method: 'POST', path: '/', body: framed() }
      await expect(sendHttp2({ ...plain, headers: { host: 'kserve-authz' } })).rejects.toThrow()
    },
  )
})

describe("a ServiceEntry with the service's host in a namespace with models", () => {
  const MARK = 'mark.team.svc.cluster.local'
  const NEXT = 'next.example.com'
  const asked = { to: 'gateway', host: HOST }

  it('does not redirect checks of others', async () => {
    const entry = meshService(
      'kserve-authz',
      'kserve-authz',
      [{ number: GATEWAY_PORT, protocol: 'GRPC' }],
      [{ address: mesh.authz.address.replace(/\d+$/, '201'), meshed: false }],
    )
    const { hosts } = Object(entry.spec)
    await mesh.cluster.apply({
      ...entry,
      metadata: { namespace: 'team', name: 'taken' },
      spec: { ...Object(entry.spec), hosts: [...hosts, MARK] },
    })
    await expect.poll(async () => (await mesh.gatewayProxy.ask('/clusters')).text).toContain(MARK)
    // Routes follow listeners: once this one is there, so is everything else from the entry.
    await mesh.cluster.apply(routeOf(NEXT))
    await expect
      .poll(async () => (await mesh.ask({ to: 'gateway', host: NEXT })).status)
      .not.toBe(404)

    expect(await mesh.ask(asked)).toMatchObject({ status: 401, reached: [] })
  })
})

describe('a gateway whose policy uses the provider for models', () => {
  it('admits nobody', async () => {
    const policy = {
      apiVersion: 'security.istio.io/v1',
      kind: 'AuthorizationPolicy',
      metadata: { namespace: 'istio-system', name: 'kserve-authz-ingress-gateway' },
    }
    const answer = () => mesh.ask({ to: 'gateway', host: HOST })
    expect(await answer()).toMatchObject({ status: 401, reached: [] })
    await mesh.cluster.patch(policy, { spec: { provider: { name: 'kserve-authz-workload' } } })
    await expect.poll(answer).toMatchObject({ status: 503, reached: [] })
  })
})

describe('the port for probes and metrics', () => {
  const url = (page: string) => `http://${mesh.authz.address}:${HTTP_PORT}${page}`

  it.each(['/readyz', '/livez', '/metrics'])('answers everybody: %s', async (page) => {
    await expect.poll(async () => (await get(url(page))).status).toBe(200)
  })

  it.each(['/', '/debug', '/readyz/'])('serves nothing else: %s', async (page) => {
    const { status, text } = await get(url(page))
    expect([status, text]).toEqual([403, 'RBAC: access denied'])
  })

  it('is read-only', async () => {
    expect((await fetch(url('/readyz'), { method: 'POST' })).status).toBe(403)
  })
})

describe('the metrics of Envoy that istio/ keeps', () => {
  it('exist in a proxy', async () => {
    const regexps = listAt(
      await meshConfig(),
      'defaultConfig',
      'proxyStatsMatcher',
      'inclusionRegexps',
    ).map((regexp) => new RegExp(`^${String(regexp)}$`))
    const { text } = await mesh.gatewayProxy.ask('/stats')
    const names = text.split('\n').map((line) => line.split(': ', 1)[0] ?? '')
    const kept = names.filter((name) => regexps.some((regexp) => regexp.test(name)))

    for (const name of [
      /^http\..*\.ext_authz\.(ok|denied|error|disabled|failure_mode_allowed)$/,
      /^http\..*\.rbac\.istio_ext_authz_\.shadow_(allowed|denied)$/,
      /^cluster\.outbound\|9003\|.*\.upstream_rq_(timeout|pending_overflow)$/,
      /^cluster\.outbound\|9003\|.*\.outlier_detection\.ejections_active$/,
    ]) {
      expect(kept).toContainEqual(expect.stringMatching(name))
    }
    expect(kept.length).toBeLessThan(names.length / 4)
  })
})
