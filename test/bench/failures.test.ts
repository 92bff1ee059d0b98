import { describe, expect, it } from 'vitest'
import { attempt, type Failure } from '../../bench/measure/bench.ts'
import { type Run, writeReport } from '../../bench/report/write.ts'

const parts = (signal = new AbortController().signal) => {
  const failures: Failure[] = []
  return {
    failures,
    parts: { say: () => {}, signal, failed: (one: Failure) => failures.push(one) },
  }
}

const NOW = { date: '2026-01-01 00:00', loadAverage: 0 }
const EXTENT = { slices: 1, starts: 1, seconds: 1, checks: 1 }

const NOTHING: Run = {
  worlds: [],
  results: [],
  reviews: undefined,
  proxied: undefined,
  memory: [],
  failures: [],
  extent: EXTENT,
  before: NOW,
  after: NOW,
}

describe('a part of the benchmark', () => {
  it('that fails is reported, and the others continue', async () => {
    const { failures, parts: bench } = parts()
    const first = await attempt('one', bench, () => Promise.reject(new Error('it ended')))
    const second = await attempt('other', bench, () => Promise.resolve(2))
    expect([first, second]).toEqual([undefined, 2])
    expect(failures).toEqual([{ about: 'one', message: 'it ended' }])
  })

  it('does not start after the time limit', async () => {
    const { failures, parts: bench } = parts(AbortSignal.abort(new Error('out of time')))
    let begun = false
    await attempt('one', bench, async () => {
      begun = true
    })
    expect(begun).toBe(false)
    expect(failures).toEqual([{ about: 'one', message: 'out of time' }])
  })
})

describe('the report', () => {
  it('starts with the missing measurements', async () => {
    const failures = [{ about: 'open service', message: 'it\nended' }]
    const told = await writeReport({ ...NOTHING, failures }, undefined)
    expect(told.trim()).toMatch(
      /^\*\*Not everything was measured:\*\*\n\n- open service: it ended$/,
    )
  })

  it('shows the cost of new tokens compared with the reviews alone', async () => {
    const look = (checksPerSecond: number) => ({
      checksPerSecond,
      p50Ms: 2,
      p99Ms: 4,
      cpuMicroseconds: 500,
    })
    const reviews = {
      rows: [
        {
          load: { connections: 4, streams: 8 },
          alone: [look(1_000), look(2_000)],
          service: [look(800), look(1_400)],
        },
      ],
      otherwise: '3 deny deadline-exceeded',
      tokenReviewsPerCheck: 1,
      accessReviewsPerCheck: 1,
    }
    const told = await writeReport({ ...NOTHING, reviews }, undefined)
    expect(told).toContain(
      '| new ServiceAccount token, 32 in flight, latency as well | **1.00** | 500.0 | 500.0 | 0.75 [0.70-0.80] | 1100 [800-1400] | 1500 [1000-2000] |',
    )
    expect(told).toContain('did not let them through: 3 deny deadline-exceeded')
  })
})
