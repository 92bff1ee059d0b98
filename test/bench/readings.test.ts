import { describe, expect, it } from 'vitest'
import { readCounters, unexpectedIn } from '../../bench/measure/counters.ts'
import { readAnswered, readLatenciesMs } from '../../bench/measure/load.ts'
import { residentBytes, usageOf } from '../../bench/measure/usage.ts'
import { packageOf, readProfile, selfTimes } from '../../bench/report/profile-table.ts'

describe("h2load's report", () => {
  const report = (counts: string) => `finished in 1.00s, 19579.00 req/s, 2.05MB/s\n${counts}\n`

  it('gives the number of answers and the rate', () => {
    const counts =
      'requests: 19579 total, 19707 started, 19579 done, 19579 succeeded, 0 failed, 0 errored, 0 timeout'
    expect(readAnswered(report(counts), 1)).toEqual({ checks: 19_579, seconds: 1 })
  })

  it.each([
    'requests: 10 total, 10 started, 10 done, 9 succeeded, 1 failed, 0 errored, 0 timeout',
    'requests: 0 total, 128 started, 0 done, 0 succeeded, 0 failed, 0 errored, 0 timeout',
    'anything else',
  ])('is an error if a request failed: %s', (counts) => {
    expect(() => readAnswered(report(counts), 1)).toThrow('h2load')
  })

  it('has a log of latencies in microseconds', () => {
    expect(readLatenciesMs('1795302693000000\t200\t120\n1795302693000200\t200\t95\n')).toEqual([
      0.12, 0.095,
    ])
  })
})

describe('the counters of the service', () => {
  const series = (decision: string, reason: string, count: number) =>
    `kserve_authz_checks_total{namespace="a",name="b",decision="${decision}",reason="${reason}",credential_kind="none"} ${count}\n`

  it('show unexpected answers', () => {
    const before = readCounters(series('allow', '', 5) + series('deny', 'not-permitted', 1))
    const after = readCounters(series('allow', '', 9) + series('deny', 'not-permitted', 4))
    expect(unexpectedIn(before, after, { outcome: 'allow' })).toEqual(
      new Map([['deny not-permitted', 3]]),
    )
    expect(unexpectedIn(before, after, { outcome: 'deny', reason: 'not-permitted' })).toEqual(
      new Map([['allow ', 4]]),
    )
  })

  it('are summed over services', () => {
    const text = series('allow', '', 5) + series('allow', '', 6)
    expect(readCounters(text)).toEqual(new Map([['allow ', 11]]))
  })
})

describe('a profile', () => {
  const frame = (functionName: string, url: string) => ({ functionName, url, lineNumber: 4 })
  const json = JSON.stringify({
    nodes: [
      { id: 1, callFrame: frame('(idle)', '') },
      { id: 2, callFrame: frame('find', 'file:///here/src/access/table.ts') },
      { id: 3, callFrame: frame('', 'file:///here/node_modules/@grpc/grpc-js/build/server.js') },
    ],
    samples: [2, 1, 2, 3],
    timeDeltas: [100, 100, 100, 300],
    startTime: 1_000,
  })

  it('gives the share of each function in the busy time', () => {
    const profile = readProfile(json)
    const times = profile && selfTimes(profile, { from: 0, to: 10_000 })
    expect(times?.byFunction).toEqual([
      { name: '(anonymous)  @grpc/grpc-js/build/server.js:5', share: 0.6 },
      { name: 'find  src/access/table.ts:5', share: 0.4 },
    ])
    expect(times?.byPackage.map(({ name }) => name)).toEqual(['@grpc/grpc-js', 'src/access'])
  })

  it('covers a period only', () => {
    const profile = readProfile(json)
    const times = profile && selfTimes(profile, { from: 1_050, to: 1_150 })
    expect(times?.byFunction[0]).toEqual({ name: 'find  src/access/table.ts:5', share: 1 })
  })

  it.each([
    ['node:internal/http2/core', 'emit', 'node:internal/http2'],
    ['node:events', 'emit', 'node:events'],
    ['', '(garbage collector)', '(garbage collector)'],
    ['', 'utf8Slice', 'native'],
  ])('names the package of %s', (url, functionName, expected) => {
    expect(packageOf(url, functionName)).toBe(expected)
  })
})

describe.runIf(process.platform === 'linux')('the CPU time of a process', () => {
  it('is read from /proc', () => {
    const before = usageOf(process.pid).cpuSeconds
    for (const end = process.cpuUsage().user + 50_000; process.cpuUsage().user < end; );
    expect(usageOf(process.pid).cpuSeconds).toBeGreaterThan(before)
    expect(residentBytes(process.pid)).toBeGreaterThan(1_000_000)
  })
})
