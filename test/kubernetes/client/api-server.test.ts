import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { ApiError, createApiServer, TooLong } from '../../../src/kubernetes/client/api-server.ts'
import {
  type Answer,
  type FakeApiServer,
  fakeCertificates,
  json,
  kubeConfigOf,
  startFakeApiServer,
  status,
  text,
} from '../../../testing/cluster/api-server.ts'

let certificates: Awaited<ReturnType<typeof fakeCertificates>>
let server: FakeApiServer

beforeAll(async () => {
  certificates = await fakeCertificates()
})
beforeEach(async () => {
  server = await startFakeApiServer(certificates, json({ answer: 42 }))
})
afterEach(() => server.close())

const aRequest = (path = '/api') => ({
  method: 'GET' as const,
  path,
  signal: AbortSignal.timeout(10_000),
})

const tokens = () => server.requests.map(({ headers }) => headers.authorization)

describe('an API server', () => {
  it('is called with the credentials of the kubeconfig', async () => {
    const api = createApiServer(server.kubeConfig('ours'))
    expect(await api.send(aRequest())).toEqual({ answer: 42 })
    expect(tokens()).toEqual(['Bearer ours'])
    api.close()
  })

  it('is trusted only with a certificate of its CA', async () => {
    const other = await fakeCertificates()
    const api = createApiServer(kubeConfigOf(server.url, other.ca, 'ours'))
    await expect(api.send(aRequest())).rejects.toThrow(/certificate|signature/)
    expect(server.requests).toEqual([])
  })

  it('may have a path prefix, with or without a trailing slash', async () => {
    for (const end of ['/k8s/clusters/one', '/k8s/clusters/one/']) {
      const api = createApiServer(kubeConfigOf(server.url + end, certificates.ca, 'ours'))
      await api.send(aRequest('/api'))
      api.close()
    }
    const paths = server.requests.map(({ url }) => url.pathname)
    expect(paths).toEqual(['/k8s/clusters/one/api', '/k8s/clusters/one/api'])
  })

  it.each(['http://127.0.0.1:1', 'nonsense', ''])('is not called at %j', (url) => {
    expect(() => createApiServer(kubeConfigOf(url, certificates.ca, 'ours'))).toThrow(/https URL/)
  })

  it('is called again if a kept connection was closed meanwhile', async () => {
    const api = createApiServer(server.kubeConfig())
    await api.send(aRequest())
    for (let index = 0; index < 20; index += 1) {
      server.dropConnections()
      expect(await api.send(aRequest())).toEqual({ answer: 42 })
    }
    api.close()
  })
})

describe('kept connections', () => {
  it('that are all closed are tried three times', async () => {
    const api = createApiServer(server.kubeConfig())
    await Promise.all(Array.from({ length: 6 }, () => api.send(aRequest())))
    const before = server.requests.length
    server.next(...Array.from({ length: 6 }, (): Answer => (request) => request.socket.destroy()))
    await expect(api.send(aRequest())).rejects.toThrow()
    expect(server.requests.length - before).toBe(3)
    api.close()
  })

  it('do not wait for the end of a refusal', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    const api = createApiServer(server.kubeConfig())
    let closed = false
    server.next((_request, response) => {
      response.writeHead(500)
      response.write('a part')
      response.once('close', () => {
        closed = true
      })
    })
    await expect(api.send(aRequest())).rejects.toHaveProperty('status', 500)
    vi.advanceTimersByTime(2_000)
    vi.useRealTimers()
    await expect.poll(() => closed).toBe(true)
    api.close()
  })
})

describe('an error status', () => {
  it.each([400, 401, 403, 404, 410, 429, 500, 503])('%d contains no details', async (code) => {
    server.next(status(code))
    const api = createApiServer(server.kubeConfig())
    const refused = api.send(aRequest())
    await expect(refused).rejects.toEqual(new ApiError(code))
    await expect(refused).rejects.not.toThrow(/secret/)
    api.close()
  })

  it.each([
    ['2', 2_000],
    ['3600', 60_000],
    ['-1', 0],
    ['soon', 0],
  ])('with Retry-After %s asks for a wait of %d ms', async (header, ms) => {
    server.next(status(429, { 'retry-after': header }))
    const api = createApiServer(server.kubeConfig())
    await expect(api.send(aRequest())).rejects.toHaveProperty('retryAfterMs', ms)
    api.close()
  })

  it('401 makes the token be read again for the next request', async () => {
    server.next(status(401))
    const api = createApiServer(server.kubeConfig('old'), () => server.kubeConfig('new'))
    await expect(api.send(aRequest())).rejects.toHaveProperty('status', 401)
    await api.send(aRequest())
    expect(tokens()).toEqual(['Bearer old', 'Bearer new'])
    api.close()
  })

  it('of many requests makes the token be read anew once', async () => {
    const reload = vi.fn(() => server.kubeConfig('new'))
    const api = createApiServer(server.kubeConfig('old'), reload)
    server.next(status(401), status(401), status(401))
    const refused = Array.from({ length: 3 }, () => api.send(aRequest()))
    await Promise.allSettled(refused)
    expect(reload).toHaveBeenCalledTimes(1)
    api.close()
  })

  it('401 keeps the token if no other can be read', async () => {
    server.next(status(401))
    const api = createApiServer(server.kubeConfig('old'), () => {
      throw new Error('the file is being written')
    })
    await expect(api.send(aRequest())).rejects.toHaveProperty('status', 401)
    await api.send(aRequest())
    expect(tokens()).toEqual(['Bearer old', 'Bearer old'])
    api.close()
  })
})

describe('an answer', () => {
  it('that is not JSON is not quoted', async () => {
    server.next(text('{"data":{"api_key":"sk-secret'))
    const api = createApiServer(server.kubeConfig())
    await expect(api.send(aRequest())).rejects.toThrow(/^the answer of the API server is not JSON$/)
    api.close()
  })

  it('of more than 64 MiB is not read', async () => {
    server.next(text('x'.repeat(64 * 1024 * 1024 + 1)))
    const api = createApiServer(server.kubeConfig())
    await expect(api.send(aRequest())).rejects.toThrow(TooLong)
    api.close()
  })
})
