import type { Load } from '../worlds/scenario.ts'
import type { Generator, Latency } from './load.ts'
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
  readonly slices: number
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

/** Minimum: a new server answers slowly. */
const WARM_UP_SECONDS = 1
/** A pair of slices with more than this is measured again. */
const MAX_FOREIGN_CORES = 0.1
/** One and a half times the wanted number. */
const MAX_TAKEN = 1.5

/**
 * Loads one server, then the other; they alternate in going first. Replaces disturbed pairs as long as attempts
 * remain.
 */
export async function takeSlices(
  two: Two,
  load: Load,
  { slices, seconds }: Extent,
): Promise<Pairs<Slice>> {
  const taken: { readonly null: Slice; readonly service: Slice }[] = []
  const isCalm = (pair: { readonly null: Slice; readonly service: Slice }) =>
    Math.max(pair.null.foreignCores, pair.service.foreignCores) <= MAX_FOREIGN_CORES
  for (const { generator } of [two.null, two.service]) {
    await generator.forSeconds(Math.max(seconds, WARM_UP_SECONDS), load)
  }
  while (taken.filter(isCalm).length < slices && taken.length < MAX_TAKEN * slices) {
    taken.push(
      await inTurn(two, taken.length, (loaded) => takeSlice(loaded, load, seconds, two.beside)),
    )
  }
  const calmFirst = [...taken.filter(isCalm), ...taken.filter((pair) => !isCalm(pair))]
  return asPairs(calmFirst.slice(0, slices))
}

/** Of each stream, if there are many. */
const LEAST_CHECKS = 20

export async function takeLatencies(two: Two, load: Load, extent: Extent): Promise<Pairs<Latency>> {
  const { slices } = extent
  const checks = Math.max(extent.checks, LEAST_CHECKS * load.connections * load.streams)
  const taken: { readonly null: Latency; readonly service: Latency }[] = []
  for (let number = 0; number < slices; number += 1) {
    taken.push(await inTurn(two, number, ({ generator }) => generator.latency(checks, load)))
  }
  return asPairs(taken)
}

async function inTurn<T>(
  two: Two,
  number: number,
  take: (loaded: Loaded) => Promise<T>,
): Promise<{ readonly null: T; readonly service: T }> {
  if (number % 2 === 1) {
    const service = await take(two.service)
    return { null: await take(two.null), service }
  }
  return { null: await take(two.null), service: await take(two.service) }
}

async function takeSlice(
  { pid, generator }: Loaded,
  load: Load,
  forSeconds: number,
  beside: readonly number[],
): Promise<Slice> {
  const before = usageOf(pid, beside)
  const start = performance.now()
  const { checks, seconds } = await generator.forSeconds(forSeconds, load)
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
