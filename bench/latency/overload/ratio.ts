import { quantile } from '../../measure/statistics.ts'

/** The latencies of each run. */
type Runs = readonly (readonly number[])[]

const p99 = (runs: Runs): number => quantile(runs.flat(), 0.99)

/**
 * How many times as long the p99 of all samples is beside something as without it. `least` and `most`: the same
 * after leaving out one pair of runs, which says how much a single pause decides.
 */
export function p99RatioOf(alone: Runs, beside: Runs) {
  const without = alone.map((_, left) =>
    p99Ratio(
      alone.filter((_run, index) => index !== left),
      beside.filter((_run, index) => index !== left),
    ),
  )
  return {
    p50s: [quantile(alone.flat(), 0.5), quantile(beside.flat(), 0.5)] as const,
    p99s: [p99(alone), p99(beside)] as const,
    ratio: p99Ratio(alone, beside),
    least: Math.min(...without),
    most: Math.max(...without),
  }
}

const p99Ratio = (alone: Runs, beside: Runs): number => p99(beside) / p99(alone)
