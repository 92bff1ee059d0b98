import { afterEach, describe, expect, it, vi } from 'vitest'
import { ApiError, type ApiRequest } from '../../../src/kubernetes/client/api-server.ts'
import { createClusterIssuer } from '../../../src/kubernetes/reviews/cluster-issuer.ts'
import { fakeApi, never } from './asking.ts'

const stop = new AbortController()
afterEach(() => stop.signal.throwIfAborted())

const PERIODS = { firstRetry: 1, longestRetry: 5, refresh: 5, call: 1_000 }

function issuerOf(answer: (request: ApiRequest) => unknown, name: string | null = null) {
  const api = fakeApi(answer)
  const problems: string[] = []
  const made = createClusterIssuer(name, {
    api: api.parts.api,
    observer: api.observer,
    failed: (problem) => void problems.push(problem),
    signal: stop.signal,
    periods: PERIODS,
  })
  return { ...api, ...made, problems }
}

const failing = (error: Error) => () => Promise.reject(error)
const POLL = { interval: 1 }

describe("the cluster's issuer", () => {
  it('is read from the API server', async () => {
    const { name, problem, requests } = issuerOf(() => ({ issuer: 'https://here' }))
    expect([name(), problem()]).toEqual([undefined, 'not fetched yet'])
    await expect.poll(name, POLL).toBe('https://here')
    expect(problem()).toBe('')
    expect(requests[0]).toMatchObject({
      path: '/.well-known/openid-configuration',
      accept: 'application/json',
    })
  })

  it('is the configured one, without a request', () => {
    const { name, problem, requests } = issuerOf(failing(new Error('no')), 'https://ours')
    expect([name(), problem(), requests.length]).toEqual(['https://ours', '', 0])
  })

  it.each([
    ['cannot be reached', new Error('ECONNREFUSED'), 'the API server cannot be reached'],
    ['fails', new ApiError(500), 'the API server answered with status 500'],
    [
      'forbids it',
      new ApiError(403),
      'missing permission: get /.well-known/openid-configuration (or set kubernetes.issuer)',
    ],
  ])('is requested again until it is known, if the API server %s', async (_title, error, text) => {
    const { name, problems, answer } = issuerOf(failing(error))
    await expect.poll(() => problems.length, POLL).toBeGreaterThan(1)
    expect(problems[0]).toBe(text)
    answer(() => ({ issuer: 'https://here' }))
    await expect.poll(name, POLL).toBe('https://here')
  })

  it.each([[{}], [{ issuer: '' }], [{ issuer: 7 }], ['text'], [null]])(
    'is unknown after %j',
    async (answer) => {
      const { name, problems } = issuerOf(() => answer)
      await expect
        .poll(() => problems[0], POLL)
        .toBe('the discovery document of the API server has no issuer')
      expect(name()).toBeUndefined()
    },
  )

  it('is refreshed periodically, and stays known through outages', async () => {
    const { name, answer, problems } = issuerOf(() => ({ issuer: 'https://here' }))
    await expect.poll(name, POLL).toBe('https://here')
    answer(failing(new Error('gone')))
    await expect.poll(() => problems.length, POLL).toBeGreaterThan(2)
    expect(name()).toBe('https://here')
    answer(() => ({ issuer: 'https://there' }))
    await expect.poll(name, POLL).toBe('https://there')
  })

  it('is no longer asked for its keys when the time of a call is over', async () => {
    const late = new AbortController()
    const limit = vi.spyOn(AbortSignal, 'timeout').mockReturnValue(late.signal)
    const { fetchKeys, asked } = issuerOf(never, 'https://ours')
    const fetched = fetchKeys(stop.signal)
    limit.mockRestore()
    late.abort()
    await expect(fetched).rejects.toThrow('aborted')
    expect(asked).toMatchObject([{ result: 'timeout' }])
  })

  it('has keys, which are requested with their own media type', async () => {
    const { fetchKeys, requests, asked } = issuerOf(() => ({ keys: [] }), 'https://ours')
    expect(await fetchKeys(stop.signal)).toEqual({ keys: [] })
    expect(requests).toMatchObject([
      { path: '/openid/v1/jwks', accept: 'application/jwk-set+json' },
    ])
    expect(asked).toMatchObject([{ dependency: 'cluster-keys', result: 'success' }])
  })

  it.each([
    ['may not be read', new ApiError(403), 'missing permission: get /openid/v1/jwks'],
    ['do not exist', new ApiError(500), 'the API server answered with status 500'],
  ])('has keys that %s, which is reported', async (_title, error, text) => {
    const { fetchKeys } = issuerOf(failing(error), 'https://ours')
    await expect(fetchKeys(stop.signal)).rejects.toThrow(text)
  })
})
