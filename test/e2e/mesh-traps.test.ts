import { once } from 'node:events'
import { createSecureServer, type Http2SecureServer } from 'node:http2'
import { connect as connectSecurely } from 'node:tls'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { keySecret } from '../../testing/cluster/objects.ts'
import { inferenceService, PROTECTED } from '../../testing/cluster/rbac.ts'
import { found } from '../../testing/deployment/render.ts'
import {
  GATEWAY_PORT,
  meshConfig,
  overlayObjects,
  WORKLOAD_PORT,
} from '../../testing/mesh/installation.ts'
import { type Mesh, startMesh } from '../../testing/mesh/mesh.ts'
import { meshService, sidecar } from '../../testing/mesh/objects.ts'
import { componentOf, POD_PORTS } from '../../testing/mesh/pods.ts'
import { ownLabel } from '../../testing/mesh/workload.ts'

const KEY = 'a-key-of-sixteen-bytes'
const RAY = 6379
const KUBE_RBAC_PROXY = 8443
const OTHER_TCP = 7000

let mesh: Mesh
beforeAll(async () => {
  mesh = await startMesh({
    pods: { 'big-predictor': { labels: componentOf('big') } },
    objects: [inferenceService('team', 'big', PROTECTED), keySecret('team', 'reader', KEY)],
    shipped: ['overlays/default'],
  })
  await mesh.cluster.apply(listening(WORKLOAD_PORT))
})
afterAll(() => mesh?.stop())

/** The sidecar of the pod, with TCP ports too; `asks`: the port of the service that it calls, if any. */
function listening(asks: number | undefined) {
  const { name, address, model } = mesh.podNamed('big-predictor')
  const upstream = model.httpPort
  return sidecar('team', name, {
    labels: ownLabel(name),
    address,
    inbound: [
      ...POD_PORTS.map((number) => ({ number, protocol: 'HTTP' as const, upstream })),
      { number: RAY, protocol: 'TCP', upstream },
      { number: KUBE_RBAC_PROXY, protocol: 'TCP', upstream },
      { number: OTHER_TCP, protocol: 'TCP', upstream },
    ],
    ...(asks === undefined ? {} : { asks }),
  })
}

/** An overlay with a component in addition to the default. */
const predictorPolicy = async (components: string) =>
  found(
    await overlayObjects(`resources: [../overlays/default]\n${components}\n`),
    'AuthorizationPolicy',
    'kserve-authz-predictor',
  )

describe('a TCP port', () => {
  /** The reply through a plain TCP connection; the model behind it speaks HTTP. */
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

  it.each([RAY, KUBE_RBAC_PROXY, OTHER_TCP])('is closed: %d', async (port) => {
    await expect.poll(() => heard(port)).toBe('')
    expect(await heard(port)).toBe('')
  })

  it.each([
    [RAY, 'ray-ports'],
    [KUBE_RBAC_PROXY, 'kube-rbac-proxy-ports'],
  ])('%d goes unasked if the component %s opens it, and no other does', async (port, component) => {
    await mesh.cluster.apply(await predictorPolicy(`components: [../components/${component}]`))
    await expect.poll(() => heard(port)).toMatch(/^HTTP\/1\.1 200/)
    expect(await heard(OTHER_TCP)).toBe('')
    expect((await mesh.ask({ to: 'big-predictor', host: 'big' })).status).toBe(401)

    await mesh.cluster.apply(await predictorPolicy(''))
    await expect.poll(() => heard(port)).toBe('')
  })
})

describe('a Sidecar that hides the service', () => {
  const isReached = async () => {
    const { status, reached } = await mesh.ask({ to: 'big-predictor', host: 'big' })
    return [status, reached.length]
  }

  it('admits nobody, except with failOpen', async () => {
    await expect.poll(isReached).toEqual([401, 0])
    await mesh.cluster.apply(listening(undefined))
    await expect.poll(isReached).toEqual([503, 0])

    const config = await meshConfig()
    const text = JSON.stringify(config).replaceAll('"failOpen":false', '"failOpen":true')
    await mesh.istiod.configure(JSON.parse(text))
    await expect.poll(isReached).toEqual([200, 1])

    await mesh.istiod.configure(config)
    await expect.poll(isReached).toEqual([503, 0])
    await mesh.cluster.apply(listening(WORKLOAD_PORT))
    await expect.poll(isReached).toEqual([401, 0])
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

  it('is skipped, while the other answers', async () => {
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
