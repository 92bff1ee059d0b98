import { once } from 'node:events'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { keySecret } from '../../testing/cluster/objects.ts'
import { inferenceService } from '../../testing/cluster/rbac.ts'
import { modelInfer } from '../../testing/envoy/grpc.ts'
import { INGRESS } from '../../testing/mesh/gateways.ts'
import { type Mesh, startMesh } from '../../testing/mesh/mesh.ts'
import { predictorRoute } from '../../testing/mesh/objects.ts'
import { componentOf, GRPC_PORT } from '../../testing/mesh/pods.ts'
import { type StreamingModel, startStreamingModel } from '../../testing/mesh/streaming-model.ts'
import { listenTo, streamInfer, upgrade } from '../../testing/mesh/streams.ts'

const KEY = 'a-key-of-sixteen-bytes'
const HOST = 'iris.team.svc.cluster.local'
const WITH_KEY = { 'x-api-key': KEY }
const MEGABYTE = Buffer.alloc(1024 * 1024, 'a')

let model: StreamingModel
let mesh: Mesh
beforeAll(async () => {
  model = await startStreamingModel()
  mesh = await startMesh({
    pods: { 'iris-predictor': { labels: componentOf('iris'), model: async () => model } },
    objects: [
      inferenceService('team', 'iris'),
      keySecret('team', 'reader', KEY),
      predictorRoute('iris', { hosts: [HOST], gateways: [INGRESS], grpcPort: GRPC_PORT }),
    ],
  })
})
afterAll(() => mesh?.stop())

const GATEWAY = { to: 'gateway' }
const SIDECAR = { to: 'iris-predictor', as: 'team/client' }
const POSITIONS = [
  ['the gateway, and the sidecar behind it', GATEWAY],
  ['the sidecar', SIDECAR],
] as const

describe.each(POSITIONS)('through %s', (_title, where) => {
  const headers = { host: HOST, ...WITH_KEY }

  it('a WebSocket is opened for a permitted caller, and for nobody else', async () => {
    const entry = await mesh.entryOf(where)
    expect(await upgrade(entry, { host: HOST })).toEqual({ status: 401, socket: undefined })

    const { status, socket } = await upgrade(entry, headers)
    expect(status).toBe(101)
    for (const word of ['one', 'two', 'three']) {
      socket?.write(word)
      const [said]: unknown[] = await once(socket ?? process, 'data')
      expect(String(said)).toBe(word)
    }
    socket?.destroy()
  })

  it('events arrive as they are sent', async () => {
    const entry = await mesh.entryOf(where)
    expect((await listenTo(entry, { host: HOST })).status).toBe(401)

    const { status, next } = await listenTo(entry, headers)
    expect(status).toBe(200)
    for (const word of ['one', 'two', 'three']) {
      model.say(word)
      expect(await next()).toBe(`data: ${word}\n\n`)
    }
    model.hangUp()
    expect(await next()).toBeUndefined()
  })

  it('gRPC is called', async () => {
    const entry = await mesh.entryOf(where.to === 'gateway' ? where : { ...where, port: GRPC_PORT })
    expect(await modelInfer(entry, { host: HOST })).toMatchObject({ code: 16, reached: {} })
    expect(await modelInfer(entry, { host: HOST, metadata: WITH_KEY })).toMatchObject({
      code: 0,
      reached: { 'x-auth-request-user': 'apikey:team/reader' },
    })
  })

  it('gRPC streams in both directions', async () => {
    const entry = await mesh.entryOf(where.to === 'gateway' ? where : { ...where, port: GRPC_PORT })
    expect(await streamInfer(entry, HOST, {}).ended).toBe(16)

    const stream = streamInfer(entry, HOST, WITH_KEY)
    for (const message of ['one', 'two', 'three', MEGABYTE].map((each) => Buffer.from(each)))
      expect((await stream.ask(message)).equals(message)).toBe(true)
    stream.end()
    expect(await stream.ended).toBe(0)
  })

  it.each([1, 2] as const)('a megabyte passes both ways over HTTP/%d', async (http) => {
    const asked = { ...where, host: HOST, method: 'POST', path: '/echo', body: MEGABYTE, http }

    expect(await mesh.ask(asked)).toMatchObject({ status: 401, reached: [] })
    const { status, body } = await mesh.ask({ ...asked, headers: WITH_KEY })
    expect([status, body.length]).toEqual([200, MEGABYTE.length])
  })
})
