import { mkdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { type Expected, ONE_AT_A_TIME, type Scenario } from '../worlds/scenario.ts'
import type { Algorithm, Issuers } from '../worlds/tokens.ts'
import type { Bench, Measured } from './bench.ts'
import { outputOf, SERVER_CORE } from './cores.ts'
import { countersOf, toldOf, unexpectedIn } from './counters.ts'
import { numberIn } from './json.ts'
import { createGenerator } from './load.ts'
import { ask, faultIn } from './outcome.ts'
import { nodeRuns, type RunningServer, type RunningService } from './servers.ts'
import { takeLatencies, takeSlices } from './slices.ts'

const ALLOWED: Expected = { outcome: 'allow' }

/** The servers of one start. */
export type Servers = {
  readonly null: RunningServer
  readonly service: RunningService
  readonly beside: readonly number[]
}

/** Checks the answers, then measures speed and latency. */
export async function measureScenario(
  scenario: Scenario,
  servers: Servers,
  bench: Bench,
): Promise<Measured> {
  const { title, load, latencyLoad = ONE_AT_A_TIME, expected } = scenario
  const frames = scenario.frames(bench.issuers)
  await checkOutcomes(servers.null.grpcPort, frames, ALLOWED, 'null server')
  await checkOutcomes(servers.service.grpcPort, frames, expected, 'service')
  await checkControl(servers.service.grpcPort, scenario, bench.issuers)

  const before = await countersOf(servers.service.httpPort)
  const loaded = async ({ pid, grpcPort }: RunningServer) => ({
    pid,
    generator: await createGenerator(grpcPort, frames, bench.folder),
  })
  const two = {
    null: await loaded(servers.null),
    service: await loaded(servers.service),
    beside: servers.beside,
  }
  const verifyMicroseconds = await verifyAlone(scenario, bench)
  const slices = await takeSlices(two, load, bench.extent)
  const latencies = await takeLatencies(two, latencyLoad, bench.extent)
  const unexpected = unexpectedIn(before, await countersOf(servers.service.httpPort), expected)
  if (unexpected.size > 0) throw new Error(`unexpected under load: ${toldOf(unexpected)}`)
  bench.say(`  ${title}`)
  return { scenario, slices, latencies, verifyMicroseconds }
}

/** Few, so that no answer is late. */
const ASKED_AT_ONCE = 8

/** Of many frames one in a hundred is sent; of few frames, each. */
async function checkOutcomes(
  port: number,
  frames: readonly Buffer[],
  expected: Expected,
  where: string,
): Promise<void> {
  const some = frames.filter((_, index) => index % Math.ceil(frames.length / 128) === 0)
  for (let start = 0; start < some.length; start += ASKED_AT_ONCE) {
    for (const answer of await ask(port, some.slice(start, start + ASKED_AT_ONCE))) {
      const fault = faultIn(answer, expected)
      if (fault !== undefined) throw new Error(`${where}: ${fault}`)
    }
  }
}

async function checkControl(port: number, { control }: Scenario, issuers: Issuers) {
  if (control === undefined) return
  await checkOutcomes(port, [control.frame(issuers)], control.expected, 'service, control')
}

async function verifyAlone({ verifies }: Scenario, bench: Bench): Promise<readonly number[]> {
  if (verifies === undefined) return []
  const { provider } = bench.issuers
  const tokens = await writeTokens(verifies, bench)
  const { jwksFile, issuer, audience } = provider
  const args = [jwksFile, tokens, issuer, audience, verifies]
  const taken: number[] = []
  for (let count = 0; count < bench.extent.slices; count += 1) {
    const told = await outputOf(SERVER_CORE, nodeRuns('bench/verify-alone.ts', ...args))
    taken.push(numberIn(told, 'microseconds'))
  }
  return taken
}

const TOKENS_VERIFIED = 6_000

async function writeTokens(algorithm: Algorithm, { folder, issuers }: Bench): Promise<string> {
  const file = path.join(folder, `tokens-${algorithm}`)
  const tokens = Array.from({ length: TOKENS_VERIFIED }, (_, index) =>
    issuers.userToken(algorithm, index),
  )
  await mkdir(folder, { recursive: true })
  await writeFile(file, tokens.join('\n'))
  return file
}
