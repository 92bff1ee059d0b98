import { stayOffServerCore } from '../measure/cores.ts'
import { fairness } from './overload/fairness.ts'
import type { Outcome } from './overload/load.ts'
import { openPlace, type Place } from './overload/place.ts'
import { row } from './tokens/table.ts'

// Five times the saturating load, and one tenant's flood during another tenant's checks.
// Usage: overload.ts [overload] [fairness] [TITLE OF A FLOOD]...; fails if five times the load leaves less than 80 % of the peak,
// or if a flood makes the p99 of another tenant more than one and a half times as long.

const SECONDS = Number(process.env.OVERLOAD_SECONDS ?? 5)
const TIMES = 5
/** Fraction of the peak. */
const LEAST_GOODPUT = 0.8
/** Until V8 has compiled the code, a service answers half as many. */
const WARM_UP_RUNS = 4
const HEAD = [
  'sent/s',
  'held/s',
  'decided/s',
  'overloaded/s',
  'late/s',
  'failed/s',
  'p50 ms',
  'p99 ms',
  'refused, p99 ms',
]

const shown = (outcome: Outcome): readonly (string | number)[] => {
  const { sent, held, decided, overloaded, late, failed } = outcome
  return [
    ...[sent, held, decided, overloaded, late, failed].map((count) => Math.round(count / SECONDS)),
    ...[outcome.p50Ms, outcome.p99Ms, outcome.refusedP99Ms].map((ms) => ms.toFixed(1)),
  ]
}

const goodputOf = ({ decided }: Outcome): number => decided / SECONDS

/** `underWay` requests at a time, while the peak is measured and afterwards. */
type Work = {
  readonly title: string
  readonly file: string
  readonly first: number
  readonly underWay: readonly [number, number]
}

async function overload({ send, files }: Place): Promise<boolean> {
  row('work', 'offered', ...HEAD)
  const works: readonly Work[] = [
    // The maximum of concurrent requests of one peer.
    { title: 'new JWTs', file: files.noisyTokens, first: 1_000, underWay: [1_024, 1_024] },
    { title: 'a known key', file: files.noisyKey, first: 2_000, underWay: [128, 128 * TIMES] },
  ]
  let good = true
  for (const work of works) good = (await overloaded(send, work)) && good
  return good
}

async function overloaded(send: Place['send'], { title, file, first, underWay }: Work) {
  const [before, then] = underWay
  const measure = async (perSecond: number, most: number): Promise<Outcome> => {
    const flow = { name: title, file, perSecond, connections: 8, underWay: most }
    const [outcome] = await send(SECONDS, [flow])
    if (outcome === undefined) throw new Error('nothing was sent')
    row(title, `${Math.round(perSecond)} /s`, ...shown(outcome))
    return outcome
  }
  for (let run = 0; run < WARM_UP_RUNS; run += 1) await measure(first, before)
  let peak = 0
  for (let rate = first; ; rate *= 1.4) {
    const goodput = goodputOf(await measure(rate, before))
    peak = Math.max(peak, goodput)
    if (goodput < 0.9 * rate) break
  }
  const goodput = goodputOf(await measure(TIMES * peak, then))
  row(title, `goodput at ${TIMES} times`, `${Math.round((100 * goodput) / peak)} % of the peak`)
  return goodput >= LEAST_GOODPUT * peak
}

const PARTS = { overload, fairness }
stayOffServerCore()
const words = process.argv.slice(2)
const isPart = (word: string): boolean => Object.hasOwn(PARTS, word)
const [parts, titles] = [words.filter(isPart), words.filter((word) => !isPart(word))]
for (const [name, measure] of Object.entries(PARTS)) {
  if (parts.length > 0 && !parts.includes(name)) continue
  const place = await openPlace()
  try {
    if (!(await measure(place, titles))) process.exitCode = 1
  } finally {
    await place.close()
  }
}
