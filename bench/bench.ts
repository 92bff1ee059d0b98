import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { createStopping, STOPPED, withDeadline } from '../scripts/child.ts'
import { messageOf } from '../scripts/message-of.ts'
import { attempt, type Bench, type Failure, type MeasuredWorld } from './measure/bench.ts'
import { stayOffServerCore } from './measure/cores.ts'
import { type Memory, measureMemory } from './measure/memory.ts'
import { measureProxied } from './measure/proxied.ts'
import { measureReviews } from './measure/reviews.ts'
import { measureWorld } from './measure/run.ts'
import { haveTools } from './measure/tools.ts'
import { assertWritable } from './report/folder.ts'
import { machineNow } from './report/machine.ts'
import { resultsOf } from './report/results.ts'
import { writeReport } from './report/write.ts'
import { BENCH_MEMORY } from './worlds/memory-worlds.ts'
import { SCENARIOS } from './worlds/scenarios.ts'
import { createIssuers } from './worlds/tokens.ts'

// Compares the service with a server that gives every check the same answer, and writes report.md.
// Usage: bench.ts [SCENARIO-IDS]; with ids it prints the table and writes nothing.
// Environment: BENCH_SLICES (6) in BENCH_STARTS (3) starts of the servers, BENCH_SECONDS per slice (1), BENCH_CHECKS
// for the latency (2000), BENCH_RATES through Envoy (1000 2000), BENCH_MINUTES, after which no measurement starts (28), BENCH_REPORT, a folder for the report
// A run that is stopped prints what it has measured, and writes nothing.

const say = (line: string) => void process.stdout.write(`${line}\n`)

/** In addition to the scenarios: tokens that are not cached, fixed rates through Envoy, and memory. */
const REVIEWS = 'kubernetes-api-new'
const PROXIED = 'envoy'
const MEMORY = 'memory'
/** Requests per second through Envoy. */
const RATES = (process.env.BENCH_RATES || '1000 2000').split(' ').map(Number)

function numberFrom(name: string, otherwise: number): number {
  const text = process.env[name]
  if (text === undefined || text === '') return otherwise
  const value = Number(text)
  if (Number.isFinite(value) && value > 0) return value
  throw new Error(`${name} is a number above 0, not "${text}"`)
}

async function measureAll(bench: Bench, isWanted: (id: string) => boolean) {
  const wanted = SCENARIOS.filter(({ id }) => isWanted(id))
  const worlds: MeasuredWorld[] = []
  for (const world of new Set(wanted.map((scenario) => scenario.world))) {
    const own = wanted.filter((scenario) => scenario.world === world)
    const about = own.map(({ title }) => title).join('; ')
    const measured = await attempt(about, bench, () => measureWorld(world, own, bench))
    if (measured !== undefined) worlds.push(measured)
  }
  const reviews = isWanted(REVIEWS)
    ? await attempt('tokens that are not cached', bench, () => measureReviews(bench))
    : undefined
  const proxied = isWanted(PROXIED)
    ? await attempt('through Envoy', bench, () => measureProxied(bench, RATES))
    : undefined
  const memory = isWanted(MEMORY) ? await measureMemories(bench) : []
  return { worlds, results: resultsOf(worlds), reviews, proxied, memory }
}

async function measureMemories(bench: Bench): Promise<readonly Memory[]> {
  const { issuers, folder } = bench
  const rows: Memory[] = []
  for (const world of [undefined, ...BENCH_MEMORY]) {
    const about = `memory, ${world?.name ?? 'null server'}`
    const one = await attempt(about, bench, () => measureMemory(world, issuers, folder))
    if (one !== undefined) rows.push(one)
    bench.say(about)
  }
  return rows
}

async function main(ids: readonly string[]): Promise<void> {
  haveTools(say)
  const known = [...SCENARIOS.map(({ id }) => id), REVIEWS, PROXIED, MEMORY]
  const unknown = ids.filter((id) => !known.includes(id))
  if (unknown.length > 0)
    throw new Error(`no scenario ${unknown.join(', ')}; there are ${known.join(', ')}`)
  stayOffServerCore()
  const extent = {
    slices: numberFrom('BENCH_SLICES', 6),
    starts: numberFrom('BENCH_STARTS', 3),
    seconds: numberFrom('BENCH_SECONDS', 1),
    checks: numberFrom('BENCH_CHECKS', 2_000),
  }
  const limitMs = numberFrom('BENCH_MINUTES', 28) * 60_000
  const signal = withDeadline(limitMs, 'out of time', createStopping().signal)
  const reportFolder =
    process.env.BENCH_REPORT || (ids.length === 0 ? import.meta.dirname : undefined)
  if (reportFolder !== undefined) await assertWritable(reportFolder)
  const failures: Failure[] = []
  const folder = await mkdtemp(path.join(tmpdir(), 'bench-'))
  try {
    const issuers = await createIssuers(folder)
    const before = machineNow()
    const failed = (failure: Failure) => void failures.push(failure)
    const bench = { folder, issuers, extent, say, failed, signal }
    const all = await measureAll(bench, (id) => ids.length === 0 || ids.includes(id))
    const run = { ...all, failures, extent, before, after: machineNow() }
    // A report of what was measured until then would replace that of a whole run.
    say(await writeReport(run, signal.reason === STOPPED ? undefined : reportFolder))
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
  if (failures.length > 0) process.exitCode = 1
}

try {
  await main(process.argv.slice(2))
} catch (error) {
  process.stderr.write(`bench: ${messageOf(error)}\n`)
  process.exitCode = 1
}
