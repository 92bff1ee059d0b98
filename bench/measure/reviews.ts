import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import { callsDuring } from '../../testing/cluster/asking.ts'
import { CLUSTER_ISSUER } from '../../testing/cluster/programs.ts'
import { frameOf, grpcMessage } from '../worlds/frames.ts'
import { bearer, type Load } from '../worlds/scenario.ts'
import { AS_READER, CLUSTER } from '../worlds/scenarios.ts'
import { protectedModel } from '../worlds/world.ts'
import type { Bench } from './bench.ts'
import { outputOf, SERVER_CORE } from './cores.ts'
import { countersOf, toldOf, unexpectedIn } from './counters.ts'
import { numberIn } from './json.ts'
import { createDriver } from './load.ts'
import { openCluster } from './place.ts'
import { nodeRuns, type RunningService, startService } from './servers.ts'
import { usageOf } from './usage.ts'

/** How new tokens were looked up, in one slice. */
export type Look = {
  readonly checksPerSecond: number
  readonly p50Ms: number
  readonly p99Ms: number
  /** Of the client of the API server. */
  readonly cpuMicroseconds: number
}

export type Reviewed = {
  readonly load: Load
  /** Both reviews of a token and nothing else. */
  readonly alone: readonly Look[]
  readonly service: readonly Look[]
}

export type Reviews = {
  readonly rows: readonly Reviewed[]
  /** Answers that denied the caller, by reason. */
  readonly otherwise: string
  /** The API server's CPU time per check of the service, from its own counters. */
  readonly tokenReviewsPerCheck: number
  readonly accessReviewsPerCheck: number
}

/** A slice is a number of checks, not of seconds: the number of tokens must be known. */
const ROWS: readonly Omit<Row, 'slices'>[] = [
  { load: { connections: 1, streams: 1 }, checks: 100 },
  { load: { connections: 4, streams: 8 }, checks: 512 },
]
const WARM_UP: Row = { load: { connections: 4, streams: 8 }, checks: 2_000, slices: 1 }

type Row = { readonly load: Load; readonly checks: number; readonly slices: number }
type TakeLook = (row: Row) => Promise<Look>

/** The service, and a client that only asks the API server, both on the servers' core; no token is used twice. */
export async function measureReviews(bench: Bench): Promise<Reviews> {
  bench.say('tokens that are not cached, with an API server')
  const folder = path.join(bench.folder, 'new-tokens')
  const { place, cluster, kubeconfig, newToken } = await openCluster(folder, CLUSTER, bench.issuers)
  const stops = [place.close]
  try {
    const rows = ROWS.map((row) => ({ ...row, slices: bench.extent.slices }))
    const measuredChecks = rows.reduce((sum, row) => sum + row.checks * row.slices, 0)
    const checks = WARM_UP.checks + measuredChecks
    const service = await startService(place.told)
    stops.push(service.stop)
    const byService = await throughService(service, await mint(newToken, checks), folder)
    const alone = asking(kubeconfig, await mint(newToken, measuredChecks), folder)

    const before = await countersOf(service.httpPort)
    const own = { tokenReviews: 0, accessReviews: 0 }
    const counted: TakeLook = async (row) => {
      const looks: Look[] = []
      const calls = await callsDuring(cluster, async () => looks.push(await byService(row)))
      own.tokenReviews += calls.tokenReviews
      own.accessReviews += calls.accessReviews
      return looks[0] ?? NOTHING
    }
    await counted(WARM_UP)
    const measured: Reviewed[] = []
    for (const row of rows) measured.push(await takeLooks(row, alone, counted))
    const unexpected = unexpectedIn(before, await countersOf(service.httpPort), AS_READER)
    return {
      rows: measured,
      otherwise: toldOf(unexpected),
      tokenReviewsPerCheck: own.tokenReviews / checks,
      accessReviewsPerCheck: own.accessReviews / checks,
    }
  } finally {
    for (const stop of stops.toReversed()) await stop()
  }
}

const NOTHING: Look = { checksPerSecond: 0, p50Ms: 0, p99Ms: 0, cpuMicroseconds: 0 }

const MINTED_AT_ONCE = 16

async function mint(newToken: () => Promise<string>, count: number): Promise<readonly string[]> {
  const tokens: string[] = []
  let asked = 0
  const worker = async () => {
    for (; asked < count; ) {
      asked += 1
      tokens.push(await newToken())
    }
  }
  await Promise.all(Array.from({ length: MINTED_AT_ONCE }, worker))
  return tokens
}

/** They alternate in going first. */
async function takeLooks(row: Row, alone: TakeLook, service: TakeLook): Promise<Reviewed> {
  const taken: { readonly alone: Look; readonly service: Look }[] = []
  while (taken.length < row.slices) {
    if (taken.length % 2 === 0) taken.push({ alone: await alone(row), service: await service(row) })
    else {
      const first = await service(row)
      taken.push({ alone: await alone(row), service: first })
    }
  }
  return {
    load: row.load,
    alone: taken.map((pair) => pair.alone),
    service: taken.map((pair) => pair.service),
  }
}

async function throughService(
  { pid, grpcPort }: RunningService,
  tokens: readonly string[],
  folder: string,
): Promise<TakeLook> {
  const model = protectedModel(CLUSTER)
  const file = path.join(folder, 'messages')
  const frames = tokens.map((token) => grpcMessage(frameOf({ model, headers: bearer(token) })))
  await writeFile(file, Buffer.concat(frames))
  const { times } = createDriver(grpcPort, file)
  return async ({ checks, load }) => {
    const before = usageOf(pid).cpuSeconds
    const { seconds, p50Ms, p99Ms } = await times(checks, load)
    const cpuMicroseconds = ((usageOf(pid).cpuSeconds - before) * 1e6) / checks
    return { checksPerSecond: checks / seconds, p50Ms, p99Ms, cpuMicroseconds }
  }
}

/** Each time in a new process, which warms up with the first of its tokens. */
function asking(kubeconfig: string, tokens: readonly string[], folder: string): TakeLook {
  const { namespace, name } = protectedModel(CLUSTER)
  const file = path.join(folder, 'tokens')
  let taken = 0
  return async ({ checks, load }) => {
    await writeFile(file, tokens.slice(taken, taken + checks).join('\n'))
    taken += checks
    const underWay = String(load.connections * load.streams)
    const args = [file, underWay, CLUSTER_ISSUER, namespace, name]
    const told = await outputOf(SERVER_CORE, [
      'env',
      `KUBECONFIG=${kubeconfig}`,
      ...nodeRuns('bench/reviews-alone.ts', ...args),
    ])
    return {
      checksPerSecond: numberIn(told, 'checksPerSecond'),
      p50Ms: numberIn(told, 'p50Ms'),
      p99Ms: numberIn(told, 'p99Ms'),
      cpuMicroseconds: numberIn(told, 'cpuMicroseconds'),
    }
  }
}
