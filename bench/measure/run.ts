import { mkdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { type Expected, ONE_AT_A_TIME, type Scenario } from '../worlds/scenario.ts'
import type { Algorithm, Issuers } from '../worlds/tokens.ts'
import type { World } from '../worlds/world.ts'
import { outputOf, SERVER_CORE } from './cores.ts'
import { countersOf, toldOf, unexpectedIn } from './counters.ts'
import { numberIn } from './json.ts'
import { createGenerator, type Latency } from './load.ts'
import { ask, faultIn } from './outcome.ts'
import { openPlace } from './place.ts'
import {
  nodeRuns,
  type RunningServer,
  type RunningService,
  startNullServer,
  startService,
} from './servers.ts'
import { type Extent, type Pairs, type Slice, takeLatencies, takeSlices } from './slices.ts'

/** All results of one scenario. */
export type Measured = {
  readonly scenario: Scenario
  readonly slices: Pairs<Slice>
  readonly latencies: Pairs<Latency>
  /** CPU time of one verification alone, if each check needs one. */
  readonly verifyMicroseconds: readonly number[]
  /** Why the first measurement was discarded. */
  readonly repeatedFor?: string
}

export type MeasuredWorld = {
  readonly world: World
  readonly readyMs: number
  readonly measured: readonly Measured[]
}

/** Measurements that failed, with the cause. */
export type Failure = { readonly about: string; readonly message: string }

export type Bench = {
  readonly folder: string
  readonly issuers: Issuers
  readonly extent: Extent
  readonly say: (line: string) => void
  readonly failed: (failure: Failure) => void
  /** Aborted when the time is up. */
  readonly signal: AbortSignal
}

const ALLOWED: Expected = { outcome: 'allow' }

/** Runs a part; if it fails, the others continue. */
export async function attempt<T>(
  about: string,
  { say, failed, signal }: Pick<Bench, 'say' | 'failed' | 'signal'>,
  part: () => Promise<T>,
): Promise<T | undefined> {
  try {
    signal.throwIfAborted()
    return await part()
  } catch (fault) {
    const message = messageOf(fault)
    failed({ about, message })
    say(`  ${about}: ${message}`)
    return undefined
  }
}

const messageOf = (fault: unknown) => (fault instanceof Error ? fault.message : String(fault))

/** Restarts both servers, loads them with each scenario of the world in turn, and stops them. */
export async function measureWorld(
  world: World,
  scenarios: readonly Scenario[],
  bench: Bench,
): Promise<MeasuredWorld> {
  const folder = path.join(bench.folder, world.name.replaceAll(/\W+/g, '-'))
  bench.say(`world "${world.name}": ${world.services} services, ${world.keys} API keys`)
  const place = await openPlace(folder, world, bench.issuers)
  const stops = [place.close]
  try {
    const { issuers, pids } = place
    const service = await startService(place.told)
    stops.push(service.stop)
    const probe = scenarios[0]?.frames(issuers).slice(0, 1) ?? []
    const nullServer = await startNullServer(async (port) => (await ask(port, probe)).length > 0)
    stops.push(nullServer.stop)
    const measured: Measured[] = []
    for (const scenario of scenarios) {
      const servers = { null: nullServer, service, beside: pids }
      const here = { ...bench, issuers }
      const one = await attempt(scenario.title, bench, () =>
        measure(scenario, servers, here).catch(async (fault: unknown) => {
          bench.signal.throwIfAborted()
          bench.say(`  ${scenario.title}, once more: ${messageOf(fault)}`)
          const again = await measure(scenario, servers, here)
          return { ...again, repeatedFor: messageOf(fault) }
        }),
      )
      if (one !== undefined) measured.push(one)
    }
    return { world, readyMs: service.readyMs, measured }
  } finally {
    for (const stop of stops.toReversed()) await stop()
  }
}

type Servers = {
  readonly null: RunningServer
  readonly service: RunningService
  readonly beside: readonly number[]
}

async function measure(scenario: Scenario, servers: Servers, bench: Bench): Promise<Measured> {
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
