import { stayOffServerCore } from '../measure/cores.ts'
import type { Flow, Outcome } from './overload/load.ts'
import { openPlace, type Place } from './overload/place.ts'
import { row } from './tokens/table.ts'

// Five times the saturating load, and one tenant's flood during another tenant's checks.
// Usage: overload.ts [overload] [fairness]; fails if five times the load leaves less than 80 % of the peak,
// or if a flood makes the p99 of another tenant more than one and a half times as long.

const SECONDS = Number(process.env.OVERLOAD_SECONDS ?? 5)
const TIMES = 5
/** Fraction of the peak. */
const LEAST_GOODPUT = 0.8
/** Multiple of the p99 without a flood. */
const MOST_LATENCY = 1.5
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
  await measure(first, before)
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

const PAIRS = 3
const FLOOD = { name: 'flood', perSecond: 1_000, connections: 8, underWay: 256 }

/** What a tenant sends or writes during another tenant's checks. */
type Flood = {
  readonly title: string
  readonly flow?: Flow
  /** Begins to write, and returns a function that ends it. */
  readonly write?: () => () => Promise<void>
}

async function fairness({ send, files, changeLargeObjects }: Place): Promise<boolean> {
  const quiet: readonly Flow[] = [
    { name: 'a known key', file: files.quietKey, perSecond: 200, connections: 1, underWay: 64 },
    { name: 'new JWTs', file: files.quietTokens, perSecond: 50, connections: 1, underWay: 64 },
  ]
  const floods: readonly Flood[] = [
    { title: 'garbage tokens', flow: { ...FLOOD, file: files.garbage } },
    { title: 'unknown keys', flow: { ...FLOOD, file: files.unknownKeys } },
    { title: 'new JWTs', flow: { ...FLOOD, file: files.noisyTokens } },
    { title: '200 connections', flow: { ...FLOOD, file: files.noisyKey, connections: 200 } },
    { title: 'large objects', write: changeLargeObjects },
  ]
  row('beside', 'quiet tenant', ...HEAD)
  // The code of each flood is compiled first, as it is in a service that has run for a while.
  for (const { flow } of floods) await send(SECONDS, quiet, flow === undefined ? [] : [flow])
  let good = true
  for (const { title, flow, write } of floods) {
    const alone: (readonly Outcome[])[] = []
    const beside: (readonly Outcome[])[] = []
    while (alone.length < PAIRS) {
      alone.push(await send(SECONDS, quiet))
      const end = write?.()
      beside.push(await send(SECONDS, quiet, flow === undefined ? [] : [flow]))
      await end?.()
    }
    for (const [index, { name }] of quiet.entries()) {
      const [without, withFlood] = [alone, beside].map((runs) => medianAt(runs, index))
      if (without === undefined || withFlood === undefined) throw new Error('nothing was sent')
      row('nobody', name, ...shown(without))
      row(title, name, ...shown(withFlood), `p99 times ${ratio(withFlood, without).toFixed(2)}`)
      good &&= ratio(withFlood, without) <= MOST_LATENCY
    }
  }
  return good
}

const ratio = (one: Outcome, other: Outcome): number => one.p99Ms / other.p99Ms

/** The median run, by p99. */
const medianAt = (runs: readonly (readonly Outcome[])[], index: number): Outcome | undefined =>
  runs
    .flatMap((outcomes) => outcomes[index] ?? [])
    .toSorted((one, other) => one.p99Ms - other.p99Ms)
    .at(Math.floor(runs.length / 2))

const PARTS = { overload, fairness }
stayOffServerCore()
const chosen = process.argv.slice(2)
for (const [name, measure] of Object.entries(PARTS)) {
  if (chosen.length > 0 && !chosen.includes(name)) continue
  const place = await openPlace()
  try {
    if (!(await measure(place))) process.exitCode = 1
  } finally {
    await place.close()
  }
}
