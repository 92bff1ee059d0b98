import { describe, expect, it } from 'vitest'
import type { Reviews } from '../../bench/measure/reviews.ts'
import type { Measured } from '../../bench/measure/run.ts'
import type { Slice } from '../../bench/measure/slices.ts'
import { goalsOf } from '../../bench/report/goals.ts'
import { plotOf } from '../../bench/report/plot.ts'
import { resultOf } from '../../bench/report/results.ts'
import { reviewsRows } from '../../bench/report/reviews-rows.ts'
import { resultsTable } from '../../bench/report/table.ts'
import { reportOf } from '../../bench/report/write.ts'
import type { Scenario } from '../../bench/worlds/scenario.ts'
import { LARGE, SCENARIOS } from '../../bench/worlds/scenarios.ts'

const aScenario = (id: string): Scenario => {
  const scenario = SCENARIOS.find((one) => one.id === id)
  if (scenario === undefined) throw new Error(`no scenario ${id}`)
  return scenario
}

const aSlice = (checksPerSecond: number, given: Partial<Slice> = {}): Slice => ({
  checksPerSecond,
  cpuMicroseconds: 50,
  residentBytes: 200 * 2 ** 20,
  foreignCores: 0,
  ...given,
})

const measured = (id: string, given: Partial<Measured> = {}): Measured => ({
  scenario: aScenario(id),
  slices: {
    null: [aSlice(20_000), aSlice(10_000), aSlice(30_000)],
    service: [aSlice(16_000), aSlice(9_000), aSlice(21_000)],
  },
  latencies: {
    null: [{ p50Ms: 0.1, p99Ms: 0.2 }],
    service: [{ p50Ms: 0.12, p99Ms: 0.3 }],
  },
  verifyMicroseconds: [],
  ...given,
})

describe('a result', () => {
  it('compares adjacent slices, not medians', () => {
    expect(resultOf(measured('open')).throughputRatio).toEqual({ median: 0.8, min: 0.7, max: 0.9 })
  })

  it('compares the CPU time of a verifying check with its unavoidable part', () => {
    const slices = {
      null: [aSlice(20_000, { cpuMicroseconds: 50 })],
      service: [aSlice(9_000, { cpuMicroseconds: 180 })],
    }
    const { cpuOfVerifying } = resultOf(
      measured('jwt-rs256-cold', { slices, verifyMicroseconds: [90, 100, 110] }),
    )
    expect(cpuOfVerifying).toBeCloseTo(1.2)
  })
})

describe('a promise', () => {
  it('is kept by a ratio that reaches it', () => {
    const [goal] = goalsOf([resultOf(measured('open'))], [])
    expect(goal).toMatchObject({ measured: '0.80', kept: true })
  })

  it('is missed by a ratio below it', () => {
    const slices = { null: [aSlice(10_000)], service: [aSlice(7_900)] }
    const [goal] = goalsOf([resultOf(measured('open', { slices }))], [])
    expect(goal).toMatchObject({ measured: '0.79', kept: false })
  })

  it('about memory covers the difference from the null server', () => {
    const slices = {
      null: [aSlice(10_000)],
      service: [aSlice(9_000, { residentBytes: 330 * 2 ** 20 })],
    }
    const goals = goalsOf([resultOf(measured('services-1000', { slices }))], [])
    expect(goals).toMatchObject([{ measured: '130 MiB', kept: false }])
  })

  it('about the startup covers the large world', () => {
    const goals = goalsOf([], [{ world: LARGE, readyMs: 1_400, measured: [] }])
    expect(goals).toMatchObject([{ measured: '1.40 s', kept: true }])
  })
})

describe('the report', () => {
  it('has a row for each scenario', () => {
    const rows = resultsTable([measured('open'), measured('denial')].map(resultOf)).split('\n')
    expect(rows).toHaveLength(4)
    expect(rows[2]).toContain('| open service | **0.80** [0.70-0.90] | 16000 [9000-21000] |')
  })

  it('has what is promised of a scenario in its row', () => {
    const results = [
      measured('open'),
      measured('jwt-rs256-cold', { verifyMicroseconds: [40] }),
    ].map(resultOf)
    const [, , open, verifying] = resultsTable(results, goalsOf(results, [])).split('\n')
    expect(open).toMatch(/\| at least 0.80 of the checks\/s: 0.80, kept \|$/)
    expect(verifying).toMatch(/\| at most 1.25 times the CPU, with one jwtVerify: 0.56, kept \|$/)
  })

  it('is one table and one plot, with new tokens of an API server as further rows', () => {
    const look = { checksPerSecond: 400, p50Ms: 2, p99Ms: 5, cpuMicroseconds: 1_000 }
    const alone = { ...look, checksPerSecond: 800, cpuMicroseconds: 500 }
    const reviews: Reviews = {
      rows: [{ load: { connections: 4, streams: 8 }, alone: [alone], service: [look] }],
      otherwise: '',
      tokenReviewsPerCheck: 1,
      accessReviewsPerCheck: 1,
    }
    const results = [resultOf(measured('open'))]
    const machine = { date: '2026-01-01 00:00', loadAverage: 0 }
    const ready = { world: LARGE, readyMs: 1_400, measured: [] }
    const run = {
      worlds: [ready],
      results,
      reviews,
      failures: [],
      extent: { slices: 1, seconds: 1, checks: 1 },
      before: machine,
      after: machine,
    }
    const goals = goalsOf(results, [ready])
    const report = reportOf(run, goals, resultsTable(results, goals, reviewsRows(reviews)), [
      ['kernel', 'Linux'],
    ])
    expect(report).toContain('\n- kernel: Linux\n')
    expect(report.match(/^\| --- /gm)).toHaveLength(1)
    expect(report.match(/^!\[/gm)).toHaveLength(1)
    const rows = report.split('\n').filter((line) => line.startsWith('| '))
    expect(new Set(rows.map((row) => row.split(' | ').length))).toEqual(new Set([14]))
    expect(report).toContain(
      '| new ServiceAccount token, 32 under way, latency as well | **0.50** ',
    )
    expect(report).toContain(
      'Promised: 1000 services and 10000 API keys within 1.5 s: 1.40 s, kept.',
    )
  })

  it('plots each scenario that belongs to an axis', () => {
    const ids = [
      'key-10',
      'key-10000',
      'key-100000',
      'services-100',
      'services-1000',
      'load-1',
      'rules-1-key',
    ]
    const svg = plotOf(ids.map((id) => resultOf(measured(id))))
    expect(svg.match(/<polyline/g)).toHaveLength(32)
    expect(svg).not.toMatch(/NaN|undefined/)
  })
})
