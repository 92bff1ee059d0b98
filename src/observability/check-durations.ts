// The histogram of the durations of checks.

import type { Metric } from './check-counts.ts'

const OUTCOMES = ['allow', 'deny'] as const
type Outcome = (typeof OUTCOMES)[number]

/** The number of checks in each bucket alone, the last one without an upper bound; `sum` in seconds. */
type Durations = { readonly counts: number[]; sum: number }

/**
 * Counts durations by outcome. `bounds`: the upper bounds of the buckets, in seconds and ascending. Not a
 * prom-client Histogram: that one takes 3 % of the time of a check, because it looks up labels for each value.
 */
export function createCheckDurations({ name, help }: Metric, bounds: readonly number[]) {
  const none = (): Durations => ({
    counts: [...bounds, Number.POSITIVE_INFINITY].map(() => 0),
    sum: 0,
  })
  const durations: Readonly<Record<Outcome, Durations>> = { allow: none(), deny: none() }

  return {
    observe: (outcome: Outcome, seconds: number) => {
      const observed = durations[outcome]
      let bucket = 0
      while (seconds > (bounds[bucket] ?? Number.POSITIVE_INFINITY)) bucket += 1
      observed.counts[bucket] = (observed.counts[bucket] ?? 0) + 1
      observed.sum += seconds
    },
    /** In the text format of Prometheus. */
    text: () => {
      const lines = [`# HELP ${name} ${help}`, `# TYPE ${name} histogram`]
      for (const decision of OUTCOMES) {
        const { counts, sum } = durations[decision]
        let below = 0
        for (const [bucket, count] of counts.entries()) {
          below += count
          lines.push(
            `${name}_bucket{le="${bounds[bucket] ?? '+Inf'}",decision="${decision}"} ${below}`,
          )
        }
        lines.push(`${name}_sum{decision="${decision}"} ${sum}`)
        lines.push(`${name}_count{decision="${decision}"} ${below}`)
      }
      return `${lines.join('\n')}\n`
    },
  }
}
