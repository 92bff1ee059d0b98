import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { keySecret } from '../../testing/cluster/objects.ts'
import { inferenceService } from '../../testing/cluster/rbac.ts'
import { modelInfer } from '../../testing/envoy/grpc.ts'
import {
  ALLOWING,
  ANSWERS,
  type FakeAuthz,
  startFakeAuthz,
  startGarbage,
} from '../../testing/mesh/fake-authz.ts'
import { INGRESS } from '../../testing/mesh/gateways.ts'
import { type Mesh, startMesh } from '../../testing/mesh/mesh.ts'
import { predictorRoute } from '../../testing/mesh/objects.ts'
import { componentOf, GRPC_PORT } from '../../testing/mesh/pods.ts'

const KEY = 'a-key-of-sixteen-bytes'
const HOST = 'iris.team.svc.cluster.local'
const HEADERS = { 'x-api-key': KEY }
const PATIENCE = { timeout: 60_000, interval: 100 }

let mesh: Mesh
beforeAll(async () => {
  mesh = await startMesh({
    pods: {
      'iris-predictor': { labels: componentOf('iris') },
      'open-predictor': { labels: componentOf('open') },
    },
    objects: [
      inferenceService('team', 'iris'),
      inferenceService('team', 'open', {}),
      keySecret('team', 'reader', KEY),
      predictorRoute('iris', { hosts: [HOST], gateways: [INGRESS], grpcPort: GRPC_PORT }),
    ],
  })
})
afterAll(() => mesh?.stop())

const POSITIONS = [
  { to: 'gateway', host: HOST },
  { to: 'iris-predictor', host: HOST, as: 'team/client' },
  { to: 'open-predictor', host: 'open.team', as: 'team/client' },
]

const UNAVAILABLE = { status: 503, reached: [] }

/** Requests at both positions, one of them to an open service. */
async function nobodyIsLetIn() {
  for (const asked of POSITIONS)
    expect(await mesh.ask({ ...asked, headers: HEADERS })).toMatchObject(UNAVAILABLE)
  const grpc = await modelInfer(await mesh.entryOf({ to: 'gateway' }), {
    host: HOST,
    metadata: HEADERS,
  })
  expect(grpc).toMatchObject({ code: 14, reached: {} })
}

const isServed = () =>
  expect
    .poll(async () => {
      const answers = POSITIONS.map((asked) => mesh.ask({ ...asked, headers: HEADERS }))
      return (await Promise.all(answers)).map(({ status }) => status)
    }, PATIENCE)
    .toEqual([200, 200, 200])

describe('the answer is 503, and the model is not reached, while the service', () => {
  it('is stopped; it serves again after it continues', async () => {
    await isServed()
    mesh.service.signal('SIGSTOP')
    await nobodyIsLetIn()
    mesh.service.signal('SIGCONT')
    await isServed()
  })

  it('is killed; it serves again after a restart', async () => {
    mesh.service.signal('SIGKILL')
    await mesh.service.now().ended
    await nobodyIsLetIn()
    await mesh.service.stop()
    await mesh.service.start()
    await isServed()
  })
})

describe('with another server instead of the service', () => {
  let fake: FakeAuthz
  beforeAll(() => mesh.service.stop())
  afterEach(() => fake.close())
  afterAll(() => mesh.service.start())

  it('an allow is obeyed', async () => {
    fake = await startFakeAuthz(ALLOWING, Object.values(mesh.service.ports))
    await isServed()
  })

  it.each(Object.entries(ANSWERS))('%s admits nobody', async (_title, answer) => {
    fake = await startFakeAuthz(answer, Object.values(mesh.service.ports))
    await nobodyIsLetIn()
  })

  it('a server without HTTP/2 admits nobody', async () => {
    fake = await startGarbage(Object.values(mesh.service.ports))
    await nobodyIsLetIn()
  })
})

describe('without istiod', () => {
  it('nothing changes, and changes of access still count', async () => {
    await mesh.istiod.kill()

    await isServed()
    expect(await mesh.ask({ to: 'gateway', host: HOST })).toMatchObject({
      status: 401,
      reached: [],
    })
    const next = keySecret('team', 'next', `${KEY}-next`)
    const headers = { 'x-api-key': `${KEY}-next` }
    const statuses = async () =>
      (
        await Promise.all(POSITIONS.slice(0, 2).map((asked) => mesh.ask({ ...asked, headers })))
      ).map(({ status }) => status)
    await mesh.cluster.create(next)
    await expect.poll(statuses, PATIENCE).toEqual([200, 200])
    await mesh.cluster.delete(next)
    await expect.poll(statuses, PATIENCE).toEqual([401, 401])
    mesh.service.signal('SIGSTOP')
    await nobodyIsLetIn()
    mesh.service.signal('SIGCONT')
    await isServed()
  })
})
