import type { Load } from '../worlds/scenario.ts'
import type { Generator, Latency } from './load.ts'
import type { Loop } from './loop.ts'
import { residentBytes, usageOf } from './usage.ts'

/** A server under the load of one scenario. */
type Loaded = { readonly pid: number; readonly generator: Generator }

/** Measurements of a server in one slice of time. */
export type Slice = {
  readonly checksPerSecond: number
  readonly cpuMicroseconds: number
  readonly residentBytes: number
  /** Number of cores that other programs used meanwhile. */
  readonly foreignCores: number
}

/** Slices of two servers; those with the same number were measured one after the other. */
export type Pairs<T> = { readonly null: readonly T[]; readonly service: readonly T[] }

export type Extent = {
  /** In all starts of the servers together. */
  readonly slices: number
  /** How often the servers are started. */
  readonly starts: number
  readonly seconds: number
  /** In each slice of the latency. */
  readonly checks: number
}

type Two = {
  readonly null: Loaded
  readonly service: Loaded
  /** Processes that serve the service. */
  readonly beside: readonly number[]
}

/** Before the slices of each scenario. */
const WARM_UP_SECONDS = 0.5
/** A pair of slices with more than this is measured again. */
const MAX_FOREIGN_CORES = 0.1
/** One and a half times the wanted number. */
const MAX_TAKEN = 1.5

type Running = { readonly pid: number; readonly loop: Loop }
type Pair = { readonly null: Slice; readonly service: Slice }

const isCalm = (pair: Pair) =>
  Math.max(pair.null.foreignCores, pair.service.foreignCores) <= MAX_FOREIGN_CORES

/**
 * Loads one server, then the other, each on its own connections, which stay open; they alternate in going first.
 * Replaces disturbed pairs as long as attempts remain.
 */
export async function takeSlices(
  two: Two,
  load: Load,
  { slices, seconds }: Pick<Extent, 'slices' | 'seconds'>,
): Promise<Pairs<Slice>> {
  const running: Record<'null' | 'service', Running> = {
    null: { pid: two.null.pid, loop: await two.null.generator.open(load) },
    service: { pid: two.service.pid, loop: await two.service.generator.open(load) },
  }
  const loops = [running.null.loop, running.service.loop]
  const beside = [...two.beside, ...loops.flatMap(({ pids }) => pids)]
  const taken: Pair[] = []
  try {
    for (const loop of loops) await loop.forSeconds(Math.min(seconds, WARM_UP_SECONDS))
    while (taken.filter(isCalm).length < slices && taken.length < MAX_TAKEN * slices)
      taken.push(await inTurn(running, taken.length, (one) => takeSlice(one, seconds, beside)))
  } finally {
    for (const loop of loops) await loop.close()
  }
  const calmFirst = [...taken.filter(isCalm), ...taken.filter((pair) => !isCalm(pair))]
  return asPairs(calmFirst.slice(0, slices))
}

/** Of each stream, if there are many. */
const LEAST_CHECKS = 20

export async function takeLatencies(
  two: Pick<Two, 'null' | 'service'>,
  load: Load,
  extent: Pick<Extent, 'slices' | 'checks'>,
): Promise<Pairs<Latency>> {
  const { slices } = extent
  const checks = Math.max(extent.checks, LEAST_CHECKS * load.connections * load.streams)
  const taken: { readonly null: Latency; readonly service: Latency }[] = []
  for (let number = 0; number < slices; number += 1) {
    taken.push(await inTurn(two, number, ({ generator }) => generator.latency(checks, load)))
  }
  return asPairs(taken)
}

async function inTurn<S, T>(
  two: { readonly null: S; readonly service: S },
  number: number,
  take: (one: S) => Promise<T>,
): Promise<{ readonly null: T; readonly service: T }> {
  if (number % 2 === 1) {
    const service = await take(two.service)
    return { null: await take(two.null), service }
  }
  return { null: await take(two.null), service: await take(two.service) }
}

async function takeSlice(
  { pid, loop }: Running,
  forSeconds: number,
  beside: readonly number[],
): Promise<Slice> {
  const before = usageOf(pid, beside)
  const start = performance.now()
  const { checks, seconds } = await loop.forSeconds(forSeconds)
  const elapsedSeconds = (performance.now() - start) / 1_000
  const after = usageOf(pid, beside)
  const foreign = after.foreignSeconds - before.foreignSeconds
  return {
    checksPerSecond: checks / seconds,
    cpuMicroseconds: ((after.cpuSeconds - before.cpuSeconds) * 1e6) / checks,
    residentBytes: residentBytes(pid),
    foreignCores: Math.max(0, foreign / elapsedSeconds),
  }
}

const asPairs = <T>(taken: readonly { readonly null: T; readonly service: T }[]): Pairs<T> => ({
  null: taken.map((pair) => pair.null),
  service: taken.map((pair) => pair.service),
})
