import { describe, expect, it } from 'vitest'
import type { Measured } from '../../bench/measure/bench.ts'
import type { Proxied } from '../../bench/measure/proxied.ts'
import type { Reviews } from '../../bench/measure/reviews.ts'
import type { Slice } from '../../bench/measure/slices.ts'
import { goalsAbout, goalsOf } from '../../bench/report/goals.ts'
import { plotOf } from '../../bench/report/plot.ts'
import { resultOf } from '../../bench/report/results.ts'
import { resultsTable } from '../../bench/report/table.ts'
import { bodyOf, reportOf } from '../../bench/report/write.ts'
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

const reviewsWith = (streams: number): Reviews => {
  const look = { checksPerSecond: 400, p50Ms: 2, p99Ms: 5, cpuMicroseconds: 1_000 }
  const alone = { ...look, checksPerSecond: 800, cpuMicroseconds: 500 }
  return {
    rows: [{ load: { connections: 1, streams }, alone: [alone], service: [look] }],
    otherwise: '',
    tokenReviewsPerCheck: 1,
    accessReviewsPerCheck: 1,
  }
}

/** Envoy alone needs 1 ms, and the null grpc-go server adds 1 and 2.75 ms. */
const proxied = (p99Ms: number, p999Ms: number, added = 1): Proxied => {
  const tail = { p50Ms: 0.5, p99Ms: 1, p999Ms: 1, failed: 0, cpuMicroseconds: 30 }
  return {
    perSecond: 1_000,
    seconds: 1,
    tails: {
      alone: [tail],
      null: [{ ...tail, p99Ms: 3, p999Ms: 4 }],
      nullGo: [{ ...tail, p99Ms: 1 + added, p999Ms: 1 + 2.75 * added }],
      service: [{ ...tail, p99Ms, p999Ms }],
    },
  }
}

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
  it('is kept by a CPU time that does not exceed it', () => {
    const [goal] = goalsOf({ results: [resultOf(measured('open'))], worlds: [] })
    expect(goal).toMatchObject({ measured: '1.00', kept: true })
  })

  it('is missed by a CPU time above it, however many checks/s there are', () => {
    const slices = {
      null: [aSlice(10_000, { cpuMicroseconds: 50 })],
      service: [aSlice(12_000, { cpuMicroseconds: 51 })],
    }
    const [goal] = goalsOf({ results: [resultOf(measured('open', { slices }))], worlds: [] })
    expect(goal).toMatchObject({ measured: '1.02', kept: false })
  })

  it('about new tokens compares with a client that only asks', () => {
    const goals = goalsOf({ results: [], worlds: [], reviews: reviewsWith(1) })
    expect(goals).toMatchObject([{ measured: '0.50', kept: false }])
    expect(goalsOf({ results: [], worlds: [], reviews: reviewsWith(8) })).toEqual([])
  })

  it('about the tail behind Envoy compares what is added with what the null grpc-go server adds', () => {
    const goals = goalsOf({ results: [], worlds: [], proxied: [proxied(5, 12)] })
    expect(goals).toMatchObject([
      { measured: '4.0', kept: true },
      { measured: '4.0', kept: false },
    ])
  })

  it('about the tail behind Envoy is missed if a request fails', () => {
    const given = proxied(5, 5)
    const service = given.tails.service.map((tail) => ({ ...tail, failed: 1 }))
    const failing = { ...given, tails: { ...given.tails, service } }
    const kept = (one: Proxied) =>
      goalsOf({ results: [], worlds: [], proxied: [one] }).map((goal) => goal.kept)
    expect([kept(given), kept(failing)]).toEqual([
      [true, true],
      [false, false],
    ])
  })

  it('about the tail behind Envoy is missed if the null grpc-go server adds nothing', () => {
    const goals = goalsOf({ results: [], worlds: [], proxied: [proxied(5, 12, 0)] })
    expect(goals.map(({ kept }) => kept)).toEqual([false, false])
  })

  it('about 100,000 keys covers the memory after twice the load', () => {
    const row = { name: 'many', keys: 100_000, ready: 300, loaded: 390, more: 401, checks: 1 }
    const few = { ...row, keys: 10 }
    const goals = goalsOf({ results: [], worlds: [], memory: [few, row] })
    expect(goals).toMatchObject([{ about: 'many', measured: '401 MiB', kept: false }])
  })

  it('about memory covers the difference from the null server', () => {
    const slices = {
      null: [aSlice(10_000)],
      service: [aSlice(9_000, { residentBytes: 330 * 2 ** 20 })],
    }
    const goals = goalsOf({
      results: [resultOf(measured('services-1000', { slices }))],
      worlds: [],
    })
    expect(goals).toMatchObject([{ measured: '130 MiB', kept: false }])
  })

  it('about the startup covers the large world', () => {
    const goals = goalsOf({ results: [], worlds: [{ world: LARGE, readyMs: 1_400, measured: [] }] })
    expect(goals).toMatchObject([{ measured: '1.40 s', kept: true }])
  })
})

describe('the report', () => {
  it('has a row for each scenario', () => {
    const rows = resultsTable([measured('open'), measured('denial')].map(resultOf)).split('\n')
    expect(rows).toHaveLength(4)
    expect(rows[2]).toContain(
      '| open service | **1.00** [1.00-1.00] | 50.0 [50.0-50.0] | 50.0 [50.0-50.0] | 0.80 [0.70-0.90] | 16000 [9000-21000] |',
    )
  })

  it('has what is promised of a scenario in its row', () => {
    const results = [
      measured('open'),
      measured('jwt-rs256-cold', { verifyMicroseconds: [40] }),
    ].map(resultOf)
    const [, , open, verifying] = resultsTable(results, (one) =>
      goalsAbout(goalsOf({ results, worlds: [] }), one),
    ).split('\n')
    expect(open).toMatch(/\| at most 1.00 times the CPU: 1.00, kept \|$/)
    expect(verifying).toMatch(/\| at most 1.25 times the CPU, with one jwtVerify: 0.56, kept \|$/)
  })

  it('has new tokens of an API server as further rows, then the tails and the memory', () => {
    const results = [resultOf(measured('open'))]
    const machine = { date: '2026-01-01 00:00', loadAverage: 0 }
    const ready = { world: LARGE, readyMs: 1_400, measured: [] }
    const run = {
      worlds: [ready],
      results,
      reviews: reviewsWith(32),
      proxied: [proxied(5, 12)],
      memory: [{ name: 'many', keys: 100_000, ready: 300, loaded: 390, more: 401, checks: 1 }],
      failures: [],
      extent: { slices: 1, starts: 1, seconds: 1, checks: 1 },
      before: machine,
      after: machine,
    }
    const goals = goalsOf(run)
    const report = reportOf(run, goals, bodyOf(run, goals), [['kernel', 'Linux']])
    expect(report).toContain('\n- kernel: Linux\n')
    const tables = [...report.matchAll(/(?:^\|.*\n)+/gm)].map(([text]) => text.trim().split('\n'))
    expect(tables.map(([head = '']) => head.split(' | ').length)).toEqual([14, 11, 6])
    for (const [head = '', ...rows] of tables)
      for (const row of rows) expect(row.split(' | ')).toHaveLength(head.split(' | ').length)
    expect(report.match(/^!\[/gm)).toHaveLength(1)
    expect(report).toContain(
      '| new ServiceAccount token, 32 in flight, latency as well | **2.00** | 1000.0 | 500.0 | 0.50 ',
    )
    expect(report).toMatch(
      /^\| 1000 \| \*\*kserve-authz\*\* .* \| 5\.00 .*: 4\.0, kept; .*: 4\.0, \*\*falls short\*\* \|$/m,
    )
    expect(report).toContain(
      '| many | 300 | 390 | 401 | 1 | at most 400 MiB in use: 401 MiB, **falls short** |',
    )
    expect(report).toContain('The null server needed 50.0 to 50.0 us of CPU')
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
