import type { Measured, MeasuredWorld } from '../measure/bench.ts'
import { median, ratios, type Spread, spread } from '../measure/statistics.ts'
import type { Scenario } from '../worlds/scenario.ts'

/** One scenario in figures. Ratios compare the service with the null server in adjacent slices. */
export type Result = {
  readonly scenario: Scenario
  readonly checksPerSecond: Two
  readonly cpuMicroseconds: Two
  readonly p50Ms: Two
  readonly p99Ms: Two
  readonly residentMebibytes: Two
  readonly throughputRatio: Spread
  readonly cpuRatio: Spread
  /** CPU time of a check, divided by that of the null server plus one verification. */
  readonly cpuOfVerifying: number | undefined
  readonly foreignCores: number
  readonly slices: number
}

export type Two = { readonly null: Spread; readonly service: Spread }

export const resultsOf = (worlds: readonly MeasuredWorld[]): readonly Result[] =>
  worlds.flatMap(({ measured }) => measured.map(resultOf))

export function resultOf({ scenario, slices, latencies, verifyMicroseconds }: Measured): Result {
  const of = <T>(
    pairs: { null: readonly T[]; service: readonly T[] },
    read: (one: T) => number,
  ) => ({
    null: pairs.null.map(read),
    service: pairs.service.map(read),
  })
  const throughput = of(slices, ({ checksPerSecond }) => checksPerSecond)
  const cpu = of(slices, ({ cpuMicroseconds }) => cpuMicroseconds)
  const resident = of(slices, ({ residentBytes }) => residentBytes / 2 ** 20)
  const all = [...slices.null, ...slices.service]
  return {
    scenario,
    checksPerSecond: spreads(throughput),
    cpuMicroseconds: spreads(cpu),
    p50Ms: spreads(of(latencies, ({ p50Ms }) => p50Ms)),
    p99Ms: spreads(of(latencies, ({ p99Ms }) => p99Ms)),
    residentMebibytes: spreads(resident),
    throughputRatio: spread(ratios(throughput.service, throughput.null)),
    cpuRatio: spread(ratios(cpu.service, cpu.null)),
    cpuOfVerifying:
      verifyMicroseconds.length === 0
        ? undefined
        : median(cpu.service) / (median(cpu.null) + median(verifyMicroseconds)),
    foreignCores: median(all.map(({ foreignCores }) => foreignCores)),
    slices: slices.service.length,
  }
}

const spreads = (values: { null: readonly number[]; service: readonly number[] }): Two => ({
  null: spread(values.null),
  service: spread(values.service),
})
