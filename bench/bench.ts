import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { stayOffServerCore } from './measure/cores.ts'
import { type Bench, type MeasuredWorld, measureWorld } from './measure/run.ts'
import { haveTools } from './measure/tools.ts'
import { machineNow } from './report/machine.ts'
import { resultsOf } from './report/results.ts'
import { writeReport } from './report/write.ts'
import { SCENARIOS } from './worlds/scenarios.ts'
import { createIssuers } from './worlds/tokens.ts'

// Measures the service beside a server that answers every check alike, and writes report.md.
// Usage: bench.ts [IDS-OF-SCENARIOS]; with ids nothing is written, the table is printed.
// Environment: BENCH_SLICES (10), BENCH_SECONDS of each (1), BENCH_CHECKS for the latency (2000)

const say = (line: string) => void process.stdout.write(`${line}\n`)

function numberFrom(name: string, otherwise: number): number {
  const text = process.env[name]
  if (text === undefined || text === '') return otherwise
  const value = Number(text)
  if (Number.isFinite(value) && value > 0) return value
  throw new Error(`${name} is a number above 0, not "${text}"`)
}

async function measureAll(bench: Bench, ids: readonly string[]): Promise<readonly MeasuredWorld[]> {
  const wanted = SCENARIOS.filter(({ id }) => ids.length === 0 || ids.includes(id))
  const worlds: MeasuredWorld[] = []
  for (const world of new Set(wanted.map((scenario) => scenario.world))) {
    const own = wanted.filter((scenario) => scenario.world === world)
    worlds.push(await measureWorld(world, own, bench))
  }
  return worlds
}

async function main(ids: readonly string[]): Promise<void> {
  haveTools(say)
  stayOffServerCore()
  const extent = {
    slices: numberFrom('BENCH_SLICES', 10),
    seconds: numberFrom('BENCH_SECONDS', 1),
    checks: numberFrom('BENCH_CHECKS', 2_000),
  }
  const folder = await mkdtemp(path.join(tmpdir(), 'bench-'))
  try {
    const issuers = await createIssuers(folder)
    const before = machineNow()
    const worlds = await measureAll({ folder, issuers, extent, say }, ids)
    const run = { worlds, results: resultsOf(worlds), extent, before, after: machineNow() }
    say(await writeReport(run, ids.length === 0))
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

try {
  await main(process.argv.slice(2))
} catch (error) {
  process.stderr.write(`bench: ${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 1
}
