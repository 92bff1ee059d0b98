import { describe, expect, it } from 'vitest'
import { createRetry } from '../../../src/kubernetes/watch/retry.ts'

const PERIODS = { firstRetry: 200, longestRetry: 5_000, longestKnock: 1_000 }

const half = (ms: number, waited: number) => {
  expect(waited).toBeGreaterThanOrEqual(ms / 2)
  expect(waited).toBeLessThanOrEqual(ms)
}

describe('the delay before the next attempt', () => {
  it('is zero without a failure', () => {
    expect(createRetry(PERIODS).next()).toBe(0)
  })

  it('doubles with each failure, up to the maximum, with a jitter of one half', () => {
    const retry = createRetry(PERIODS)
    for (const ms of [200, 400, 800, 1_600, 3_200, 5_000, 5_000]) {
      retry.failed(true)
      half(ms, retry.next())
    }
  })

  it('stays shorter if nothing answers', () => {
    const retry = createRetry(PERIODS)
    for (const ms of [200, 400, 800, 1_000, 1_000]) {
      retry.failed(false)
      half(ms, retry.next())
    }
  })

  it('starts again with the first answer after an outage', () => {
    const retry = createRetry(PERIODS)
    for (let index = 0; index < 60; index += 1) retry.failed(false)
    retry.failed(true)
    half(200, retry.next())
  })

  it('is zero again after a success', () => {
    const retry = createRetry(PERIODS)
    retry.failed(true)
    retry.succeeded()
    expect(retry.next()).toBe(0)
  })

  it('is as long as the API server asks, once', () => {
    const retry = createRetry(PERIODS)
    retry.failed(true)
    retry.ask(3_000)
    const waited = retry.next()
    expect(waited).toBeGreaterThanOrEqual(3_000)
    expect(waited).toBeLessThanOrEqual(3_300)
    half(200, retry.next())
  })
})
