import path from 'node:path'
import { messageOf } from '../../scripts/message-of.ts'
import { type Scenario, USUAL_LOAD } from '../worlds/scenario.ts'
import type { World } from '../worlds/world.ts'
import { attempt, type Bench, type Measured, type MeasuredWorld } from './bench.ts'
import { createGenerator } from './load.ts'
import { measureScenario } from './measure-scenario.ts'
import { ask } from './outcome.ts'
import { openPlace, type Place } from './place.ts'
import { startNullServer, startService } from './servers.ts'
import type { Extent, Pairs } from './slices.ts'
import { median } from './statistics.ts'

/** Starts both servers several times, and loads them with each scenario of the world in turn. */
export async function measureWorld(
  world: World,
  scenarios: readonly Scenario[],
  bench: Bench,
): Promise<MeasuredWorld> {
  const folder = path.join(bench.folder, world.name.replaceAll(/\W+/g, '-'))
  bench.say(`world "${world.name}": ${world.services} services, ${world.keys} API keys`)
  const place = await openPlace(folder, world, bench.issuers)
  const here = { ...bench, issuers: place.issuers }
  const parts = new Map<Scenario, readonly Measured[]>(scenarios.map((one) => [one, []]))
  const readyMs: number[] = []
  try {
    for (const slices of sharesOf(bench.extent)) {
      const part = { ...here, extent: { ...bench.extent, slices } }
      const wanted = [...parts.keys()]
      if (wanted.length === 0) break
      const { ready, measured } = await measureStart(place, wanted, part)
      readyMs.push(ready)
      // What is not measured with each start is omitted.
      for (const scenario of wanted) {
        const one = measured.get(scenario)
        if (one === undefined) parts.delete(scenario)
        else parts.set(scenario, [...(parts.get(scenario) ?? []), one])
      }
    }
    return { world, readyMs: median(readyMs), measured: [...parts.values()].flatMap(joined) }
  } finally {
    await place.close()
  }
}

/** A new server answers slowly. In units of a slice. */
const WARM_UP = 2

/** The number of slices of each start. */
export function sharesOf({ slices, starts }: Pick<Extent, 'slices' | 'starts'>) {
  const length = Math.min(slices, starts)
  return Array.from({ length }, (_, index) => Math.floor((slices + index) / length))
}

async function measureStart(place: Place, scenarios: readonly Scenario[], bench: Bench) {
  const stops: (() => Promise<void>)[] = []
  try {
    const service = await startService(place.told)
    stops.push(service.stop)
    const probe = scenarios[0]?.frames(place.issuers).slice(0, 1) ?? []
    const nullServer = await startNullServer(async (port) => (await ask(port, probe)).length > 0)
    stops.push(nullServer.stop)
    for (const { grpcPort } of [service, nullServer]) {
      const { forSeconds } = await createGenerator(grpcPort, probe, bench.folder)
      await forSeconds(WARM_UP * bench.extent.seconds, USUAL_LOAD)
    }
    const servers = { null: nullServer, service, beside: place.pids }
    const measured = new Map<Scenario, Measured>()
    for (const scenario of scenarios) {
      const { title } = scenario
      const one = await attempt(title, bench, () =>
        measureScenario(scenario, servers, bench).catch(async (fault: unknown) => {
          bench.signal.throwIfAborted()
          bench.say(`  ${title}, once more: ${messageOf(fault)}`)
          const again = await measureScenario(scenario, servers, bench)
          return { ...again, repeatedFor: messageOf(fault) }
        }),
      )
      if (one !== undefined) measured.set(scenario, one)
    }
    return { ready: service.readyMs, measured }
  } finally {
    for (const stop of stops.toReversed()) await stop()
  }
}

/** One scenario, from all starts. */
export function joined(parts: readonly Measured[]): readonly Measured[] {
  const [first] = parts
  if (first === undefined) return []
  const both = <T>(read: (part: Measured) => Pairs<T>): Pairs<T> => ({
    null: parts.flatMap((part) => read(part).null),
    service: parts.flatMap((part) => read(part).service),
  })
  const repeated = parts.flatMap(({ repeatedFor = [] }) => repeatedFor)
  return [
    {
      scenario: first.scenario,
      slices: both(({ slices }) => slices),
      latencies: both(({ latencies }) => latencies),
      verifyMicroseconds: parts.flatMap(({ verifyMicroseconds }) => verifyMicroseconds),
      ...(repeated.length === 0 ? {} : { repeatedFor: repeated.join('; ') }),
    },
  ]
}
