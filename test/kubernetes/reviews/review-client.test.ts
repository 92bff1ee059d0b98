import { describe, expect, it } from 'vitest'
import type { CallLimits } from '../../../src/common/dependency-calls.ts'
import { ApiError } from '../../../src/kubernetes/client/api-server.ts'
import { createReviewClient } from '../../../src/kubernetes/reviews/review-client.ts'
import { queueKeyFor } from '../../../testing/queue-keys.ts'
import { fakeApi, held, never } from './asking.ts'

const QUESTION = { dependency: 'oracle', path: '/oracle', permission: 'create oracles' }

function questions(answer: () => unknown, limits: Partial<CallLimits> = {}) {
  const api = fakeApi(answer, limits)
  const { ask } = createReviewClient(QUESTION, api.parts)
  return { ...api, ask: (line: string, body: unknown) => ask(queueKeyFor(line), body) }
}

const failing = (error: Error) => () => Promise.reject(error)

describe('a review', () => {
  it('is posted, and its result is returned', async () => {
    const { ask, requests, asked } = questions(() => ({ status: 'yes' }))
    expect(await ask('a', { why: 1 })).toEqual({ kind: 'answered', content: { status: 'yes' } })
    expect(requests).toMatchObject([{ method: 'POST', path: '/oracle', body: { why: 1 } }])
    expect(asked).toMatchObject([{ dependency: 'oracle', result: 'success' }])
  })

  it.each([
    ['cannot be reached', new Error('connect ECONNREFUSED'), 'the API server cannot be reached'],
    ['answers 401', new ApiError(401), 'the API server answered with status 401'],
    ['answers 403', new ApiError(403), 'missing permission: create oracles'],
    ['answers 429', new ApiError(429), 'the API server answered with status 429'],
    ['answers 500', new ApiError(500), 'the API server answered with status 500'],
  ])('has no result if the API server %s', async (_title, error, problem) => {
    const { ask, problems, asked } = questions(failing(error))
    expect(await ask('a', {})).toEqual({ kind: 'unavailable' })
    expect(problems).toEqual([problem])
    expect(asked).toMatchObject([{ dependency: 'oracle', result: 'error' }])
  })

  it('has no result if the API server does not answer in time', async () => {
    const { ask, problems, asked } = questions(never, { callMs: 20 })
    expect(await ask('a', {})).toEqual({ kind: 'unavailable' })
    expect(problems).toEqual(['the API server did not answer in time'])
    expect(asked).toMatchObject([{ result: 'timeout' }])
  })

  it('is not sent while the circuit breaker is open, and again afterwards', async () => {
    const limits = { tolerated: 1, firstRestMs: 10_000, longestRestMs: 10_000 }
    const { ask, requests } = questions(failing(new ApiError(500)), limits)
    for (let tries = 0; tries < 5; tries += 1) await ask('a', {})
    expect(requests).toHaveLength(2)

    const short = questions(failing(new ApiError(500)), { ...limits, firstRestMs: 1 })
    for (let tries = 0; tries < 3; tries += 1) await short.ask('a', {})
    short.answer(() => 'well')
    await expect
      .poll(() => short.ask('a', {}), { interval: 2 })
      .toEqual({ kind: 'answered', content: 'well' })
  })

  it('is not asked after four failures in a row', async () => {
    const { ask, requests } = questions(failing(new ApiError(500)))
    for (let tries = 0; tries < 10; tries += 1) await ask('a', {})
    expect(requests).toHaveLength(4)
  })

  it('waits with 4,095 others, of which 1,023 are of its own key', async () => {
    const { ask, requests, sheds } = questions(never)
    for (let count = 0; count < 32; count += 1) void ask('first', {})
    expect(requests).toHaveLength(32)
    const perKey = [1_030, 1_030, 1_030, 1_030]
    for (const [line, length] of perKey.entries())
      for (let count = 0; count < length; count += 1) void ask(`line ${line}`, {})
    await expect.poll(() => sheds).toHaveLength(4 * 6)
    // All four have their share, and nobody makes room for another one of the same tenant.
    void ask('last', {})
    await expect.poll(() => sheds).toHaveLength(4 * 6 + 1)
  })

  it("is not sent during the API server's Retry-After", async () => {
    const { ask, requests } = questions(failing(new ApiError(429, 2_000)))
    for (let tries = 0; tries < 5; tries += 1) await ask('a', {})
    expect(requests).toHaveLength(1)
  })

  it.each([400, 413, 422])(
    'that is refused itself (%d) does not count as a failure',
    async (status) => {
      const { ask, requests } = questions(failing(new ApiError(status)), { tolerated: 0 })
      for (let tries = 0; tries < 5; tries += 1) {
        expect(await ask('a', {})).toEqual({ kind: 'unavailable' })
      }
      expect(requests).toHaveLength(5)
    },
  )

  it('is still sent, however often reviews fail occasionally', async () => {
    const { ask, answer, requests } = questions(() => 'well', { tolerated: 1 })
    for (let round = 0; round < 5; round += 1) {
      answer(failing(new ApiError(500)))
      await ask('a', {})
      answer(() => 'well')
      await ask('a', {})
    }
    expect(requests).toHaveLength(10)
  })

  it('is refused immediately if too many wait, and others take turns', async () => {
    const { answer, release } = held()
    const { ask, sheds } = questions(answer, { running: 1, waiting: 2, waitingPerKey: 1 })
    const outcomes: string[] = []
    for (const line of ['a', 'a', 'a', 'b', 'c']) {
      void ask(line, {}).then(({ kind }) => outcomes.push(`${line} ${kind}`))
    }
    await expect.poll(() => outcomes).toEqual(['a overloaded', 'c overloaded'])
    expect(sheds).toEqual(['oracle-queue', 'oracle-queue'])
    await expect
      .poll(() => {
        release('yes')
        return outcomes.slice(2)
      })
      .toEqual(['a answered', 'a answered', 'b answered'])
  })
})
