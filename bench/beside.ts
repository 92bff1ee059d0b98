import { readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { messageOf } from '../scripts/message-of.ts'
import { SERVER_CORE, stayOffServerCore } from './measure/cores.ts'
import { createGenerator } from './measure/load.ts'
import { ask } from './measure/outcome.ts'
import { startNullServer } from './measure/servers.ts'
import { takeLatencies, takeSlices } from './measure/slices.ts'
import { haveTools } from './measure/tools.ts'
import { resultOf } from './report/results.ts'
import { resultsTable } from './report/table.ts'
import { SCENARIOS } from './worlds/scenarios.ts'
import { createIssuers } from './worlds/tokens.ts'

// Measures another server of checks that already runs, in turn with the null server. peers.md shows how to start some.
// Usage: beside.ts SCENARIO PORT PID; BENCH_SLICES (10)

const EXTENT = { slices: Number(process.env.BENCH_SLICES ?? 10), seconds: 1, checks: 2_000 }

/** A new server answers slowly. */
const WARM_UP_SECONDS = 2

/** Every answer must be the expected one: allowed, or not. */
async function mustAnswer(port: number, frames: readonly Buffer[], allowed: boolean) {
  for (const { status } of await ask(port, frames))
    if (((status?.code ?? 0) === 0) !== allowed)
      throw new Error(`the answer has code ${status?.code ?? 0}, which is not what was expected`)
}

/** Its CPU time would otherwise be that of a machine, not of a core. */
function mustBeOnServerCore(pid: number) {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8')
  const cores = /^Cpus_allowed_list:\s+(\S+)$/m.exec(status)?.[1]
  if (cores !== String(SERVER_CORE))
    throw new Error(
      `process ${pid} runs on cores ${cores}: start it with taskset -c ${SERVER_CORE}`,
    )
}

async function main([id, ...numbers]: readonly string[]) {
  const [port = Number.NaN, pid = Number.NaN] = numbers.map(Number)
  const scenario = SCENARIOS.find((one) => one.id === id)
  if (scenario === undefined || !Number.isInteger(port) || !Number.isInteger(pid))
    throw new Error(
      'usage: beside.ts SCENARIO PORT PID, with a scenario of bench/worlds/scenarios.ts',
    )
  haveTools(console.log)
  mustBeOnServerCore(pid)
  stayOffServerCore()
  const folder = await mkdtemp(path.join(tmpdir(), 'beside-'))
  const frames = scenario.frames(await createIssuers(folder))
  const answers = async (grpcPort: number) => (await ask(grpcPort, frames.slice(0, 1))).length > 0
  const nullServer = await startNullServer(answers)
  try {
    await mustAnswer(port, frames.slice(0, 1), scenario.expected.outcome === 'allow')
    const two = {
      null: {
        ...nullServer,
        generator: await createGenerator(nullServer.grpcPort, frames, folder),
      },
      service: { pid, generator: await createGenerator(port, frames, folder) },
      beside: [],
    }
    for (const { generator } of [two.null, two.service])
      await generator.forSeconds(WARM_UP_SECONDS, scenario.load)
    const slices = await takeSlices(two, scenario.load, EXTENT)
    const latencies = await takeLatencies(two, { connections: 1, streams: 1 }, EXTENT)
    const measured = { scenario, slices, latencies, verifyMicroseconds: [] }
    console.log(resultsTable([resultOf(measured)]))
  } finally {
    await nullServer.stop()
    await rm(folder, { recursive: true, force: true })
  }
}

try {
  await main(process.argv.slice(2))
} catch (error) {
  console.error(`beside: ${messageOf(error)}`)
  process.exitCode = 1
}
