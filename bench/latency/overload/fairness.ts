import { usageOf } from '../../measure/usage.ts'
import { row } from '../tokens/table.ts'
import type { Flow, Outcome } from './load.ts'
import type { Place } from './place.ts'
import { p99RatioOf } from './ratio.ts'

/** In pairs of runs without and with a flood: the samples of all runs of a kind are pooled. */
const PAIRS = Number(process.env.OVERLOAD_PAIRS ?? 10)
const SECONDS = Number(process.env.OVERLOAD_SECONDS ?? 5)
/** V8 compiles the code of a flood again when it has seen the others. */
const WARM_UP_ROUNDS = 3
/** Multiple of the p99 without a flood. */
const MOST_LATENCY = 1.5
const FLOOD = { name: 'flood', perSecond: 1_000, connections: 8, underWay: 256 }

/** What a tenant sends or writes during another tenant's checks. */
type Flood = {
  readonly title: string
  readonly flow?: Flow
  /** Begins to write, and returns a function that ends it. */
  readonly write?: () => () => Promise<void>
}

type Run = { readonly outcomes: readonly Outcome[]; readonly foreignCores: number }

/** Whether no flood of one tenant makes another tenant's p99 longer than it may. `only`: titles of floods; all if empty. */
export async function fairness(place: Place, only: readonly string[]): Promise<boolean> {
  const { files, changeLargeObjects } = place
  const quiet: readonly Flow[] = [
    { name: 'a known key', file: files.quietKey, perSecond: 200, connections: 1, underWay: 64 },
    { name: 'new JWTs', file: files.quietTokens, perSecond: 50, connections: 1, underWay: 64 },
  ]
  const many: Flow = { ...FLOOD, file: files.noisyKey, connections: 200 }
  const all: readonly Flood[] = [
    { title: 'garbage tokens', flow: { ...FLOOD, file: files.garbage } },
    { title: 'unknown keys', flow: { ...FLOOD, file: files.unknownKeys } },
    { title: 'new JWTs', flow: { ...FLOOD, file: files.noisyTokens } },
    { title: '200 connections', flow: many },
    { title: '200 of another address', flow: { ...many, address: '127.0.0.2' } },
    { title: 'large objects', write: changeLargeObjects },
  ]
  const floods = all.filter(({ title }) => only.length === 0 || only.includes(title))
  row('beside', 'quiet tenant', 'alone, p50 ms', 'p99 ms', 'beside, p50 ms', 'p99 ms', ...RATIO)
  // The code of each flood is compiled first, as it is in a service that has run for a while.
  for (let round = 0; round < WARM_UP_ROUNDS; round += 1) {
    for (const flood of floods) await besides(place, quiet, flood)
  }
  let good = true
  for (const flood of floods) good = (await compare(place, quiet, flood)) && good
  return good
}

const RATIO = ['p99 times', 'without any one pair', 'not decided', 'cores of others']

async function compare(place: Place, quiet: readonly Flow[], flood: Flood): Promise<boolean> {
  const alone: Run[] = []
  const beside: Run[] = []
  const withoutFlood = async () => alone.push(await run(place, quiet))
  const withFlood = async () => beside.push(await besides(place, quiet, flood))
  for (let pair = 0; pair < PAIRS; pair += 1) {
    const [first, second] = pair % 2 === 0 ? [withoutFlood, withFlood] : [withFlood, withoutFlood]
    await first()
    await second()
  }
  let good = true
  for (const [index, { name }] of quiet.entries()) {
    const [one, other] = [alone, beside].map((runs) => samplesOf(runs, index))
    if (one === undefined || other === undefined) throw new Error('nothing was sent')
    const { p50s, p99s, ratio, least, most } = p99RatioOf(one, other)
    const cells = [p50s[0], p99s[0], p50s[1], p99s[1]].map((ms) => ms.toFixed(2))
    const range = `${least.toFixed(2)} to ${most.toFixed(2)}`
    const lost = [alone, beside].map((runs) => notDecided(runs, index)).join(' and ')
    const cores = [alone, beside].map(foreignCoresOf).join(' and ')
    row(flood.title, name, ...cells, ratio.toFixed(2), range, lost, cores)
    good &&= ratio <= MOST_LATENCY
  }
  return good
}

async function run(
  { send, pid }: Pick<Place, 'send' | 'pid'>,
  quiet: readonly Flow[],
  flow?: Flow,
): Promise<Run> {
  const [before, start] = [usageOf(pid).foreignSeconds, performance.now()]
  const outcomes = await send(SECONDS, quiet, flow === undefined ? [] : [flow])
  const foreign = usageOf(pid).foreignSeconds - before
  return { outcomes, foreignCores: (foreign * 1_000) / (performance.now() - start) }
}

async function besides(place: Place, quiet: readonly Flow[], { flow, write }: Flood): Promise<Run> {
  const end = write?.()
  const taken = await run(place, quiet, flow)
  await end?.()
  return taken
}

const samplesOf = (runs: readonly Run[], index: number): readonly (readonly number[])[] =>
  runs.map(({ outcomes }) => outcomes[index]?.latenciesMs ?? [])

const notDecided = (runs: readonly Run[], index: number): number =>
  runs.reduce((sum, { outcomes }) => {
    const { held = 0, overloaded = 0, late = 0, failed = 0 } = outcomes[index] ?? {}
    return sum + held + overloaded + late + failed
  }, 0)

const foreignCoresOf = (runs: readonly Run[]): string =>
  (runs.reduce((sum, { foreignCores }) => sum + foreignCores, 0) / runs.length).toFixed(2)
