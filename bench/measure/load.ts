import { readFile, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { grpcMessage } from '../worlds/frames.ts'
import type { Load } from '../worlds/scenario.ts'
import { CHECK_PATH, ENVOY_HEADERS } from './check-headers.ts'
import { LOAD_CORE, outputOf } from './cores.ts'
import { numberIn } from './json.ts'
import { type Answered, type Loop, startLoop } from './loop.ts'
import { nodeRuns } from './servers.ts'
import { quantile } from './statistics.ts'

/** Sends the messages of one scenario to one server. */
export type Generator = {
  /** In a closed loop on new connections, for a number of seconds. */
  readonly forSeconds: (seconds: number, load: Load) => Promise<Answered>
  /** A closed loop that is continued on the same connections. Different messages take new ones each time. */
  readonly open: (load: Load) => Promise<Loop>
  /** A number of checks; the latency of the first tenth is not measured. */
  readonly latency: (checks: number, load: Load) => Promise<Latency>
}

export type Latency = { readonly p50Ms: number; readonly p99Ms: number }

/** Maximum time for a number of checks, in seconds. */
const PATIENCE_SECONDS = 30

/** Longer than all slices of a scenario. */
const LOOP_SECONDS = 600

/** Writes the messages to the folder. h2load sends a single message; our own driver sends several. */
export async function createGenerator(
  port: number,
  frames: readonly Buffer[],
  folder: string,
): Promise<Generator> {
  const file = path.join(folder, `messages-${port}`)
  await writeFile(file, Buffer.concat(frames.map(grpcMessage)))
  return frames.length === 1 ? h2load(port, file) : createDriver(port, file)
}

/** The command that sends the message of a file again and again. */
export function h2loadCommand(
  port: number,
  file: string,
  ...args: readonly string[]
): readonly string[] {
  const headers = Object.entries(ENVOY_HEADERS).flatMap(([name, value]) => [
    '-H',
    `${name}: ${value}`,
  ])
  return ['h2load', `--data=${file}`, ...headers, ...args, `http://127.0.0.1:${port}${CHECK_PATH}`]
}

function h2load(port: number, file: string): Generator {
  const log = `${file}.log`
  const run = (...args: readonly string[]) =>
    outputOf(LOAD_CORE, h2loadCommand(port, file, ...args))
  return {
    forSeconds: async (seconds, { connections, streams }) => {
      const load = [`-c${connections}`, `-m${streams}`]
      return readAnswered(await run(...load, `-D${Math.round(seconds * 1_000)}ms`), seconds)
    },
    open: ({ connections, streams }) => {
      const load = [`-c${connections}`, `-m${streams}`, `-D${LOOP_SECONDS}`]
      const own = `${file}.loop.log`
      return startLoop(h2loadCommand(port, file, ...load, `--log-file=${own}`), own)
    },
    latency: async (checks, { connections, streams }) => {
      const count = [`-c${connections}`, `-m${streams}`, `-n${checks}`]
      await rm(log, { force: true })
      await run(...count, `-T${PATIENCE_SECONDS}`, `--log-file=${log}`)
      return latencyIn(readLatenciesMs(await readFile(log, 'utf8')))
    },
  }
}

const COUNTS = /^requests: .* (\d+) done, (\d+) succeeded, (\d+) failed, (\d+) errored/m

/** Reads h2load's report. Throws if a request failed in HTTP. */
export function readAnswered(report: string, seconds: number): Answered {
  const [, done, succeeded] = COUNTS.exec(report) ?? []
  if (done === undefined || Number(done) === 0) throw new Error(`h2load: no answer\n${report}`)
  if (done !== succeeded) throw new Error(`h2load: a request failed\n${report}`)
  return { checks: Number(done), seconds }
}

/** Reads h2load's log: a line per answer, with start and duration in microseconds. */
export const readLatenciesMs = (log: string): readonly number[] =>
  log
    .trimEnd()
    .split('\n')
    .map((line) => Number(line.split('\t')[2]) / 1_000)

function latencyIn(latenciesMs: readonly number[]): Latency {
  const measured = latenciesMs.slice(Math.floor(latenciesMs.length / 10))
  return { p50Ms: quantile(measured, 0.5), p99Ms: quantile(measured, 0.99) }
}

export type Driver = Generator & {
  /** A number of checks, in a closed loop. */
  readonly times: (checks: number, load: Load) => Promise<Answered & Latency>
}

/**
 * Sends many messages in turn and continues where it stopped: each is repeated only after all others. `mayFail`: the
 * share of requests that may fail, because a busy machine misses their deadline.
 */
export function createDriver(port: number, file: string, mayFail = 0): Driver {
  let next = 0
  const run = async (...numbers: readonly number[]) => {
    const args = [String(port), file, ...[next, ...numbers].map(String)]
    const told = await outputOf(LOAD_CORE, nodeRuns('bench/load-driver.ts', ...args))
    next = numberIn(told, 'next')
    const failed = numberIn(told, 'failed')
    const checks = numberIn(told, 'checks')
    if (failed > mayFail * (checks + failed))
      throw new Error(`the driver: a request failed: ${told}`)
    return {
      checks: checks + failed,
      seconds: numberIn(told, 'seconds'),
      p50Ms: numberIn(told, 'p50Ms'),
      p99Ms: numberIn(told, 'p99Ms'),
    }
  }
  const forSeconds = (seconds: number, { connections, streams }: Load) =>
    run(connections, streams, seconds)
  return {
    forSeconds,
    open: async (load) => ({
      pids: [],
      forSeconds: (seconds) => forSeconds(seconds, load),
      close: async () => {},
    }),
    latency: (checks, load) => times(checks, load),
    times,
  }

  async function times(checks: number, { connections, streams }: Load) {
    const answered = await run(connections, streams, PATIENCE_SECONDS, checks)
    if (answered.checks === checks) return answered
    throw new Error(`${checks} checks took more than ${PATIENCE_SECONDS} s`)
  }
}
