import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { parseArgs } from 'node:util'
import { startChild } from '../../scripts/child.ts'
import { startEnvoyWithReplicas } from '../../testing/envoy/replicas.ts'
import { at } from '../../testing/json.ts'
import { meansBetween } from '../measure/collections.ts'
import { type Replica, startReplica } from './soak/replica.ts'
import { createSoakWorld, type SoakWorld } from './soak/world.ts'
import { row } from './tokens/table.ts'

// Sends requests through Envoy at most of the rate that it and the service can answer. Meanwhile it changes an object
// each second, replaces one of two replicas each minute and rotates certificates. A third replica stays: the table
// shows its memory and its garbage collections.
// Usage: soak.ts [--minutes 30] [--rate 0] [--share 0.8] [--replace 60]; rate 0 stands for this share of the least of
// three maxima, measured while a replica is replaced, and `replace` is the number of seconds between two replacements.
// Fails if a request does not get the expected answer.

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '30' },
    rate: { type: 'string', default: '0' },
    share: { type: 'string', default: '0.8' },
    replace: { type: 'string', default: '60' },
  },
})
const SECONDS = Number(values.minutes) * 60
const CHANGE_MS = 1_000
const ROLL_MS = Number(values.replace) * 1_000
const ROTATE_MS = 45_000
const SEARCH_SECONDS = 5
/**
 * During each a replica is replaced, because it starts on the same cores. The least of them counts: a machine that others
 * use is faster at times, and not for half an hour.
 */
const SEARCHES = 3

/** The columns of the replica that stays. */
const OF_STEADY = ['RSS of the replica that stays, MiB', 'a scavenge, ms', 'a major collection, ms']

type Told = {
  readonly checks: number
  readonly failures: readonly (readonly [string, number])[]
  readonly p50Ms: number
  readonly p99Ms: number
  readonly ownStallMs: number
}

function toldIn(line: string): Told {
  const said: unknown = JSON.parse(line)
  const number = (name: string) => Number(at(said, name))
  const failures = Object.entries(Object(at(said, 'failures'))).map(
    ([kind, count]) => [kind, Number(count)] as const,
  )
  return {
    checks: number('checks'),
    failures,
    p50Ms: number('p50Ms'),
    p99Ms: number('p99Ms'),
    ownStallMs: number('ownStallMs'),
  }
}

/** Resolves with its last report. */
async function load(
  world: SoakWorld,
  port: number,
  seconds: number,
  perSecond: number,
  tell: (told: Told) => void = () => {},
): Promise<Told> {
  await world.write('plan.json', { port, seconds, perSecond, requests: world.requests })
  const script = path.join(import.meta.dirname, 'soak/load.ts')
  const { stdout, ended } = startChild(
    'the load',
    [process.execPath, script, world.file('plan.json')],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  )
  let last: Told | undefined
  createInterface({ input: stdout ?? process.stdin }).on('line', (line) => {
    last = toldIn(line)
    tell(last)
  })
  const how = await ended
  if (last === undefined || !how.endsWith('exit code 0')) throw new Error(how)
  return last
}

/** Repeats an action until it is stopped; runs do not overlap. */
function every(ms: number, work: (count: number) => Promise<unknown>) {
  let count = 0
  let running: Promise<unknown> | undefined
  const timer = setInterval(() => {
    if (running !== undefined) return
    count += 1
    running = work(count).finally(() => {
      running = undefined
    })
  }, ms)
  return {
    count: () => count,
    stop: async () => {
      clearInterval(timer)
      await running
    },
  }
}

async function main(): Promise<boolean> {
  const folder = await mkdtemp(path.join(tmpdir(), 'soak-'))
  const world = await createSoakWorld(folder)
  const start = () => startReplica(world.manifests, world.config)
  const envoy = await startEnvoyWithReplicas({ caFile: world.caFile, withoutModel: true })
  const steady = await start()
  const rolled: Replica[] = [await start(), await start()]
  try {
    const askAll = () => envoy.ask([steady, ...rolled].map(({ grpcPort }) => grpcPort))
    await askAll()
    const problems: string[] = []
    const replace = async () => {
      rolled.push(await start())
      const [oldest] = rolled.splice(0, 1)
      await askAll()
      await oldest?.stop()
      const how = await oldest?.ended
      if (how?.endsWith('exit code 0') !== true) problems.push(String(how))
      problems.push(...(oldest?.problems ?? []))
    }
    await load(world, envoy.port, SEARCH_SECONDS, 0)
    const found: number[] = []
    while (found.length < SEARCHES) {
      const [{ checks }] = await Promise.all([
        load(world, envoy.port, SEARCH_SECONDS, 0),
        replace(),
      ])
      found.push(checks / SEARCH_SECONDS)
    }
    const possible = Math.min(...found)
    const rate = Math.round(Number(values.rate) || Number(values.share) * possible)
    row('answered at most', ...found.map((each) => `${Math.round(each)} /s`), 'sent', `${rate} /s`)

    const changing = every(CHANGE_MS, world.change)
    const rolling = every(ROLL_MS, replace)
    const rotating = every(ROTATE_MS, world.rotate)
    let stall = 0
    const watching = every(10_000, async () => {
      for (const replica of [steady, ...rolled]) stall = Math.max(stall, await replica.stallMs())
    })
    row('seconds', 'checks', 'failed', 'p50 ms', 'p99 ms', ...OF_STEADY)
    let last = await steady.collections()
    let reading = Promise.resolve()
    const begun = performance.now()
    const known = new Map<string, number>()
    const told = await load(world, envoy.port, SECONDS, rate, ({ checks, failures, ...waits }) => {
      const failed = failures.reduce((sum, [, count]) => sum + count, 0)
      const times = [waits.p50Ms, waits.p99Ms].map((ms) => ms.toFixed(1))
      for (const [kind, count] of failures) {
        if (known.get(kind) !== count) row('failed up to now', kind, count)
        known.set(kind, count)
      }
      const seconds = Math.round((performance.now() - begun) / 1_000)
      const shown = [seconds, checks, failed, ...times, steady.rssMiB()]
      reading = reading.then(async () => {
        const now = await steady.collections().catch(() => last)
        row(...shown, ...meansBetween(last, now))
        last = now
      })
    })
    await reading
    for (const each of [changing, rolling, rotating, watching]) await each.stop()
    row('changes', changing.count(), 'replaced', rolling.count(), 'certificates', rotating.count())
    row(
      'longest stall, ms: of a replica',
      stall.toFixed(1),
      'of the load generator',
      told.ownStallMs.toFixed(1),
    )
    for (const [kind, count] of told.failures) row('failed', kind, count)
    for (const [name, count] of await envoy.faults()) row('Envoy', name, count)
    for (const problem of new Set([...problems, ...steady.problems])) row('problem', problem)
    return told.failures.length === 0
  } finally {
    await Promise.all([steady, ...rolled].map(({ stop }) => stop()))
    await envoy.stop()
    await rm(folder, { recursive: true, force: true })
  }
}

process.exitCode = (await main()) ? 0 : 1
