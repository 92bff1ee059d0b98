import path from 'node:path'
import { type BenchPrograms, findBenchPrograms } from '../../scripts/bench-programs.ts'
import { findEnvoy } from '../../scripts/envoy.ts'
import { frameOf } from '../worlds/frames.ts'
import { bearer } from '../worlds/scenario.ts'
import { LARGE } from '../worlds/scenarios.ts'
import { keyAt, keyNumberOf, protectedModel } from '../worlds/world.ts'
import type { Bench } from './bench.ts'
import { LOAD_CORE, outputOf } from './cores.ts'
import { countersOf, toldOf } from './counters.ts'
import { numberIn } from './json.ts'
import { ask } from './outcome.ts'
import { openPlace, type Place } from './place.ts'
import { type EnvoyInFront, type Servers, startProxy, TARGETS, type Target } from './proxy.ts'
import { startNullServer, startService } from './servers.ts'
import { usageOf } from './usage.ts'

/** The latency of requests at a fixed rate, in one turn. */
export type Tail = {
  readonly p50Ms: number
  readonly p99Ms: number
  readonly p999Ms: number
  readonly failed: number
  /** Of a check; 0 without a server. */
  readonly cpuMicroseconds: number
}

/** Turns with the same index were measured one after the other. */
export type Proxied = {
  readonly perSecond: number
  readonly seconds: number
  readonly tails: Readonly<Record<Target, readonly Tail[]>>
}

const STARTS = 2
const ROUNDS = 2
/** A turn's duration, in units of a slice. */
const TURN = 6
/** Also in units of a slice; at the highest rate. */
const WARM_UP = 3

/** A machine that is too busy makes requests fail, which the report shows; other answers are wrong. */
const POSSIBLE: ReadonlySet<string> = new Set([
  'allow ',
  'deny overloaded',
  'deny deadline-exceeded',
])

type Take = (target: Target, perSecond: number, seconds: number) => Promise<Tail>

/**
 * Requests at fixed rates through one Envoy with a listener for each target, in the large world. Envoy's connections
 * stay open for a whole start. Servers are on their core, Envoy and the load on the other one.
 */
export async function measureProxied(
  bench: Bench,
  rates: readonly number[],
): Promise<readonly Proxied[]> {
  const { seconds } = bench.extent
  const report = (line: string) => bench.say(`  ${line}`)
  bench.say('through Envoy')
  const programs = await findBenchPrograms(report, bench.signal)
  const envoy = await findEnvoy(report, bench.signal)
  const place = await openPlace(path.join(bench.folder, 'proxied'), LARGE, bench.issuers)
  const turns = new Map(rates.map((perSecond) => [perSecond, [] as Record<Target, Tail>[]]))
  try {
    for (let start = 0; start < STARTS; start += 1)
      await withStart({ place, programs, envoy }, async (take) => {
        for (const target of TARGETS) await take(target, Math.max(...rates), WARM_UP * seconds)
        for (let round = 0; round < ROUNDS; round += 1)
          for (const [perSecond, taken] of turns) {
            bench.signal.throwIfAborted()
            taken.push(
              await inTurn(start * ROUNDS + round, (target) =>
                take(target, perSecond, TURN * seconds),
              ),
            )
          }
      })
  } finally {
    await place.close()
  }
  return [...turns].map(([perSecond, taken]) => {
    bench.say(`  ${perSecond} requests/s`)
    const of = (target: Target) => taken.map((turn) => turn[target])
    const tails = {
      alone: of('alone'),
      null: of('null'),
      nullGo: of('nullGo'),
      service: of('service'),
    }
    return { perSecond, seconds: TURN * seconds, tails }
  })
}

/** Another one is first each time. */
async function inTurn(number: number, take: (target: Target) => Promise<Tail>) {
  const first = number % TARGETS.length
  const order = [...TARGETS.slice(first), ...TARGETS.slice(0, first)]
  const taken = new Map<Target, Tail>()
  for (const target of order) taken.set(target, await take(target))
  const of = (target: Target) => taken.get(target) ?? NOTHING
  return { alone: of('alone'), null: of('null'), nullGo: of('nullGo'), service: of('service') }
}

const NOTHING: Tail = { p50Ms: 0, p99Ms: 0, p999Ms: 0, failed: 0, cpuMicroseconds: 0 }

type Parts = {
  readonly place: Place
  readonly programs: BenchPrograms
  readonly envoy: string
}

async function withStart(
  { place, programs, envoy }: Parts,
  measure: (take: Take) => Promise<void>,
) {
  const stops: (() => Promise<void>)[] = []
  const keep = <T extends { readonly stop: () => Promise<void> }>(started: T): T => {
    stops.push(started.stop)
    return started
  }
  try {
    const frame = frameOf({ model: protectedModel(LARGE) })
    const answers = async (port: number) => (await ask(port, [frame])).length > 0
    const service = keep(await startService({ ...place.told, position: 'gateway' }))
    const servers: Servers = {
      null: keep(await startNullServer(answers)),
      nullGo: keep(await startNullServer(answers, ['env', 'GOMAXPROCS=1', programs.nullGrpcGo])),
      service,
    }
    const proxy = keep(await startProxy(envoy, servers))
    await measure(takerOf(programs.openLoop, proxy, servers))
    const answered = await countersOf(service.httpPort)
    const unexpected = [...answered].filter(([answer]) => !POSSIBLE.has(answer))
    if (unexpected.length > 0)
      throw new Error(`unexpected through Envoy: ${toldOf(new Map(unexpected))}`)
  } finally {
    for (const stop of stops.toReversed()) await stop()
  }
}

function takerOf(openLoop: string, { urlOf }: EnvoyInFront, servers: Servers): Take {
  const model = protectedModel(LARGE)
  const { authorization } = bearer(keyAt(keyNumberOf(model, LARGE)))
  const host = `${model.name}-${model.namespace}.example.com`
  return async (target, perSecond, seconds) => {
    const pid = target === 'alone' ? undefined : servers[target].pid
    const cpu = () => (pid === undefined ? 0 : usageOf(pid).cpuSeconds)
    const before = cpu()
    const told = await outputOf(LOAD_CORE, [
      openLoop,
      ...['--url', urlOf(target)],
      ...['--host', host],
      ...['--authorization', authorization],
      ...['--rate', String(perSecond)],
      ...['--seconds', String(seconds)],
    ])
    const [answered, failed] = [numberIn(told, 'answered'), numberIn(told, 'failed')]
    return {
      p50Ms: numberIn(told, 'p50Ms'),
      p99Ms: numberIn(told, 'p99Ms'),
      p999Ms: numberIn(told, 'p999Ms'),
      failed,
      cpuMicroseconds: ((cpu() - before) * 1e6) / answered,
    }
  }
}
