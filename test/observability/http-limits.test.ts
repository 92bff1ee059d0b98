import type { Server } from 'node:http'
import { afterEach, expect, it, onTestFinished, vi } from 'vitest'
import { startHttp } from '../../src/observability/http.ts'

const servers = vi.hoisted((): Server[] => [])

vi.mock('node:http', async (original) => {
  const http = await original<typeof import('node:http')>()
  const createServer: typeof http.createServer = (...given: unknown[]) => {
    const server: Server = Reflect.apply(http.createServer, undefined, given)
    servers.push(server)
    return server
  }
  return { ...http, createServer }
})

afterEach(() => void vi.useRealTimers())

async function serving(text: () => Promise<string> = async () => 'up 1') {
  const server = await startHttp({
    address: '127.0.0.1:0',
    metrics: { text, contentType: 'text/plain' },
    readiness: () => [],
  })
  onTestFinished(server.close)
  return server
}

it('a connection has so long for its headers, its request and its silence', async () => {
  await serving()
  expect(servers[0]).toMatchObject({
    headersTimeout: 2_000,
    requestTimeout: 5_000,
    timeout: 60_000,
    keepAliveTimeout: 60_000,
  })
})

it('metrics that take long are rendered again a second later', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'performance'] })
  let renderings = 0
  const { port } = await serving(async () => {
    renderings += 1
    vi.advanceTimersByTime(100)
    return 'up 1'
  })
  const get = async (page: string) => (await fetch(`http://127.0.0.1:${port}${page}`)).text()
  await get('/metrics')
  const second = get('/metrics')
  await get('/livez')
  await get('/livez')
  expect(renderings).toBe(1)
  await vi.advanceTimersByTimeAsync(1_000)
  await second
  expect(renderings).toBe(2)
})
