import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { createSecureServer, type Http2SecureServer } from 'node:http2'
import { connect as connectSecurely } from 'node:tls'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { until } from '../../scripts/child.ts'
import { keySecret } from '../support/cluster-objects.ts'
import { inferenceService, PROTECTED } from '../support/cluster-rbac.ts'
import { INGRESS } from '../support/istio/gateways.ts'
import { GATEWAY_PORT, WORKLOAD_PORT } from '../support/istio/installation.ts'
import { type Mesh, startMesh } from '../support/istio/mesh.ts'
import { destination, meshService, sidecar, virtualService } from '../support/istio/objects.ts'
import { componentOf, POD_PORTS } from '../support/istio/pods.ts'
import { ownLabel } from '../support/istio/workload.ts'
import { textAt } from '../support/json.ts'

const KEY = 'a-key-of-sixteen-bytes'
/** As the component of listed hosts has it. */
const LISTED = 'sklearn-iris-team.example.com'
const INGRESS_POLICY = {
  apiVersion: 'security.istio.io/v1',
  kind: 'AuthorizationPolicy',
  metadata: { namespace: 'istio-system', name: 'kserve-authz-ingress-gateway' },
}
const RAY = 6379
const OTHER_TCP = 7000

let mesh: Mesh
beforeAll(async () => {
  mesh = await startMesh({
    pods: {
      'sklearn-iris-predictor': { labels: componentOf('sklearn-iris') },
      'big-predictor': { labels: componentOf('big') },
    },
    objects: [
      {
        ...inferenceService('team', 'sklearn-iris', PROTECTED),
        status: { url: `http://${LISTED}` },
      },
      inferenceService('team', 'big', PROTECTED),
      keySecret('team', 'reader', KEY),
      virtualService('team', 'sklearn-iris', {
        hosts: [LISTED, 'unlisted.example.com'],
        gateways: [INGRESS],
        http: [{ route: [destination('sklearn-iris-predictor.team.svc.cluster.local')] }],
      }),
    ],
    shipped: ['overlays/default', 'overlays/gateways-listed-hosts'],
  })
})
afterAll(() => mesh?.stop())

/** Who denied a request without credential. */
async function deniedAt(host: string): Promise<string> {
  const path = `/v1/models/${randomUUID()}`
  expect(await mesh.ask({ to: 'gateway', host, path })).toMatchObject({
    status: 401,
    reached: [],
  })
  const { decisions } = mesh.service.now()
  const line = await until('the decision', async () =>
    decisions.find((each) => textAt(each, 'path') === path),
  )
  return textAt(line, 'position')
}

describe('a gateway that asks for listed hosts', () => {
  it.each([
    LISTED,
    `${LISTED}:8080`,
    `${LISTED}:80`,
    LISTED.toUpperCase(),
    `${LISTED.toUpperCase()}:8080`,
  ])('asks for %s', async (host) => {
    expect(await deniedAt(host)).toBe('gateway')
  })

  it.each([`${LISTED}.`, `${LISTED}.:8080`, `${LISTED}:`, `${LISTED}:8080:8080`, `x@${LISTED}`])(
    'does not let %s through',
    async (host) => {
      const headers = { 'x-api-key': KEY }
      const { status, reached } = await mesh.ask({ to: 'gateway', host, headers })
      expect([400, 403, 404]).toContain(status)
      expect(reached).toEqual([])
    },
  )

  it('leaves other hosts to the pods', async () => {
    expect(await deniedAt('unlisted.example.com')).toBe('workload')
  })
})

describe('a gateway that asks by', () => {
  const askFor = (operation: object) =>
    mesh.cluster.patch(INGRESS_POLICY, { spec: { rules: [{ to: [{ operation }] }] } })

  it('a wildcard in front of hosts misses those with a port', async () => {
    await askFor({ notHosts: ['*'] })
    await expect.poll(() => deniedAt(LISTED)).toBe('workload')
    await askFor({ hosts: ['*-team.example.com', '*-team.example.com:*'] })
    await expect.poll(() => deniedAt(LISTED)).toBe('gateway')
    expect(await deniedAt(`${LISTED}:8080`)).toBe('workload')
  })

  it('notHosts asks for every other host, with and without a port', async () => {
    await askFor({ notHosts: ['unlisted.example.com', 'unlisted.example.com:*'] })
    await expect.poll(() => deniedAt('unlisted.example.com')).toBe('workload')
    expect(await deniedAt('unlisted.example.com:8080')).toBe('workload')
    expect(await deniedAt(LISTED)).toBe('gateway')
    expect(await deniedAt(`${LISTED}:8080`)).toBe('gateway')
  })
})

describe('a port that speaks TCP', () => {
  beforeAll(async () => {
    const pod = mesh.podNamed('big-predictor')
    const { httpPort: upstream } = pod.model
    await mesh.cluster.apply(
      sidecar('team', pod.name, {
        labels: ownLabel(pod.name),
        address: pod.address,
        inbound: [
          ...POD_PORTS.map((number) => ({ number, protocol: 'HTTP' as const, upstream })),
          { number: RAY, protocol: 'TCP', upstream },
          { number: OTHER_TCP, protocol: 'TCP', upstream },
        ],
        asks: WORKLOAD_PORT,
      }),
    )
  })

  /** What comes back through a connection of bytes; behind it is a model that speaks HTTP. */
  async function heard(port: number): Promise<string> {
    const { address } = mesh.podNamed('big-predictor')
    const certificate = await mesh.identities.issue('team/default')
    const socket = connectSecurely({
      host: address,
      port,
      ...certificate,
      ALPNProtocols: ['istio'],
      checkServerIdentity: () => undefined,
    })
    socket.on('error', () => {})
    socket.write('GET /v1/models/m HTTP/1.1\r\nhost: big\r\nconnection: close\r\n\r\n')
    const chunks: Buffer[] = []
    socket.on('data', (chunk: Buffer) => chunks.push(chunk))
    await once(socket, 'close')
    return Buffer.concat(chunks).toString()
  }

  it('goes unasked if it is in notPorts', async () => {
    await expect.poll(() => heard(RAY)).toMatch(/^HTTP\/1\.1 200/)
  })

  it('is closed if it is not', async () => {
    await expect.poll(() => heard(OTHER_TCP)).toBe('')
    expect(await heard(OTHER_TCP)).toBe('')
  })
})

describe('a replica of the service that hangs', () => {
  let hung: Http2SecureServer
  const address = () => mesh.authz.address.replace(/\d+$/, '200')

  beforeAll(async () => {
    const certificate = await mesh.identities.issue('kserve-authz/kserve-authz')
    hung = createSecureServer({ ...certificate, ALPNProtocols: ['h2'] })
    hung.on('stream', (stream) => stream.on('error', () => {}))
    hung.listen(WORKLOAD_PORT, address())
    await once(hung, 'listening')
    await mesh.cluster.apply(
      meshService(
        'kserve-authz',
        'kserve-authz',
        [
          { number: WORKLOAD_PORT, protocol: 'GRPC' },
          { number: GATEWAY_PORT, protocol: 'GRPC' },
        ],
        [mesh.authz.address, address()].map((each) => ({
          address: each,
          meshed: true,
          serviceAccount: 'kserve-authz',
        })),
      ),
    )
  })
  afterAll(() => hung?.close())

  const ask = async () =>
    (await mesh.ask({ to: 'big-predictor', host: 'big', headers: { 'x-api-key': KEY } })).status

  it('is left out, while the other answers', async () => {
    let answered = 0
    await expect
      .poll(
        async () => {
          answered = (await ask()) === 200 ? answered + 1 : 0
          return answered
        },
        { interval: 1 },
      )
      .toBe(30)
  })
})
