import type { Proxied } from '../measure/proxied.ts'
import type { Target } from '../measure/proxy.ts'
import { median } from '../measure/statistics.ts'

export type Which = 'p50Ms' | 'p99Ms' | 'p999Ms'

/** What a target adds to the latency of Envoy alone in the same turn, in milliseconds: the median of all turns. */
export const addedOf = ({ tails }: Proxied, target: Target, which: Which): number =>
  median(tails[target].map((tail, index) => tail[which] - (tails.alone[index]?.[which] ?? 0)))
