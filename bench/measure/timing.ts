import { median } from './statistics.ts'

/** Nanoseconds per call; `least`: when nothing else disturbed it. */
export type Timing = { readonly median: number; readonly least: number }

const BATCHES = 30
const BATCH_MS = 20
const WARM_UP_MS = 200

/** Calls a function repeatedly, in batches of equal duration. */
export function time(call: () => unknown): Timing {
  const calls = Math.max(1, Math.round(callsWithin(call, WARM_UP_MS) * (BATCH_MS / WARM_UP_MS)))
  const batches = Array.from({ length: BATCHES }, () => {
    const start = performance.now()
    for (let count = 0; count < calls; count += 1) call()
    return ((performance.now() - start) * 1e6) / calls
  })
  return { median: median(batches), least: Math.min(...batches) }
}

function callsWithin(call: () => unknown, ms: number): number {
  const end = performance.now() + ms
  let calls = 0
  for (; performance.now() < end; calls += 1) call()
  return calls
}
