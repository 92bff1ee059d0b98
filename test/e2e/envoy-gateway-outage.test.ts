import { createServer, type Socket } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { head, type Reply, sendRaw } from '../../testing/envoy/http.ts'
import { LORA, loraRoutes, OPEN } from '../../testing/envoy-gateway/lora.ts'
import { type GatewayWorld, startGatewayWorld } from '../../testing/envoy-gateway/world.ts'
import { startProxy, type TestProxy } from '../../testing/proxy.ts'
import { TEAM_KEY } from '../../testing/reports.ts'

let world: GatewayWorld
let proxy: TestProxy
beforeAll(async () => {
  const routes = await loraRoutes()
  world = await startGatewayWorld({
    manifests: LORA,
    routes,
    askAt: async (port) => {
      proxy = await startProxy(port)
      return proxy.port
    },
  })
})
afterAll(async () => {
  await world?.stop()
  await proxy?.stop()
})

const ask = (target: string, host: string, ...lines: readonly string[]): Promise<Reply> =>
  sendRaw(world, head(`GET ${target} HTTP/1.1`, `Host: ${host}`, ...lines))

const asked = () => [
  ask('/team/lora-two/v1/models/m', 'a', TEAM_KEY),
  ask('/team/lora-two/v1/models/m', 'a'),
  ask('/v1/models/m', OPEN),
]
const statuses = async () => (await Promise.all(asked())).map(({ status }) => status)
const reached = () =>
  ['team/lora-two-kserve-workload-svc', 'demo/sklearn-iris-predictor'].flatMap(world.received)
    .length

const isAnswering = () => expect.poll(statuses, { timeout: 60_000 }).toEqual([200, 401, 200])

describe('a service that', () => {
  it.each<[title: string, begin: () => void, end: () => void | Promise<void>]>([
    [
      'hangs admits nobody',
      () => world.service().signal('SIGSTOP'),
      () => world.service().signal('SIGCONT'),
    ],
    [
      'was killed admits nobody until it is back',
      () => {
        world.service().signal('SIGKILL')
        proxy.reset()
      },
      () => world.restartService(),
    ],
    ['is unreachable admits nobody', unreachable, () => proxy.become('pass')],
    [
      'receives no bytes admits nobody',
      () => proxy.become('hang'),
      () => {
        proxy.become('pass')
        proxy.reset()
      },
    ],
  ])('%s', async (_title, begin, end) => {
    await isAnswering()
    begin()
    try {
      await expect.poll(statuses).toEqual([503, 503, 503])
      const before = reached()
      expect(await statuses()).toEqual([503, 503, 503])
      expect(reached()).toBe(before)
    } finally {
      await end()
    }
    await isAnswering()
  })

  function unreachable() {
    proxy.become('refuse')
    proxy.reset()
  }

  it('answers slowly, in small pieces, is obeyed', async () => {
    await isAnswering()
    proxy.become('drip')
    try {
      await isAnswering()
    } finally {
      proxy.become('pass')
    }
  })
})

describe('another server at the address of the service', () => {
  const GARBAGE = ['HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n', '\0'.repeat(100), 'allow']

  it.each(GARBAGE)('that sends %j admits nobody', async (garbage) => {
    const sockets = new Set<Socket>()
    const server = createServer((socket) => {
      sockets.add(socket)
      socket.on('error', () => socket.destroy())
      socket.write(garbage)
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const address = server.address()
    if (typeof address !== 'object' || address === null) throw new Error('no port')
    const routes = await loraRoutes()
    try {
      await world.reroute(routes, [], address.port)
      const before = reached()
      await expect.poll(statuses).toEqual([503, 503, 503])
      expect(reached()).toBe(before)
    } finally {
      server.close()
      for (const socket of sockets) socket.destroy()
      await world.reroute(routes)
    }
    await isAnswering()
  })
})
