import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { get, startChild } from '../../scripts/child.ts'
import { collectionsIn, meansBetween } from '../measure/collections.ts'
import { LOAD_CORE, onCore, stayOffServerCore } from '../measure/cores.ts'
import { readCounters, toldOf } from '../measure/counters.ts'
import { h2loadCommand } from '../measure/load.ts'
import { openPlace } from '../measure/place.ts'
import { startService } from '../measure/servers.ts'
import { residentBytes } from '../measure/usage.ts'
import { grpcMessage } from '../worlds/frames.ts'
import { SMALL } from '../worlds/scenario.ts'
import { SCENARIOS } from '../worlds/scenarios.ts'
import { createIssuers } from '../worlds/tokens.ts'
import { row } from './tokens/table.ts'

// Sends checks of four kinds at full speed, without Envoy and on the same connections, until a number of them has been
// answered. Shows the memory and the pauses of garbage collection meanwhile.
// Usage: endurance.ts [--checks 10000000] [--minutes 30]; fails on an unexpected answer, or after this time.

const { values } = parseArgs({
  options: {
    checks: { type: 'string', default: '10000000' },
    minutes: { type: 'string', default: '30' },
  },
})
const CHECKS = Number(values.checks)
const SECONDS = Number(values.minutes) * 60
const KINDS = ['open', 'denial', 'key-10', 'jwt-rs256']
const EXPECTED: ReadonlySet<string> = new Set(['allow ', 'deny missing-credential'])
const EACH = ['-c2', '-m16'] as const
const ROW_MS = 30_000

/** One load of each kind. */
async function startLoads(folder: string, port: number, frames: ReadonlyMap<string, Buffer>) {
  const loads = []
  for (const [kind, frame] of frames) {
    const file = path.join(folder, `${kind}.message`)
    await writeFile(file, grpcMessage(frame))
    const command = h2loadCommand(port, file, ...EACH, `-D${SECONDS}`)
    loads.push(startChild(`h2load of ${kind}`, onCore(LOAD_CORE, command), {}))
  }
  return loads
}

const HEAP = /^nodejs_heap_size_used_bytes (\S+)$/m
const LONGEST = /^kserve_authz_event_loop_delay_seconds\{.*quantile="max".*\} (\S+)$/m

async function measuredOf(httpPort: number) {
  const { text } = await get(`http://127.0.0.1:${httpPort}/metrics`)
  const read = (series: RegExp) => Number(series.exec(text)?.[1] ?? 0)
  return {
    counters: readCounters(text),
    heap: read(HEAP),
    collections: collectionsIn(text),
    longest: read(LONGEST),
  }
}

async function main(): Promise<boolean> {
  stayOffServerCore()
  const folder = await mkdtemp(path.join(tmpdir(), 'endurance-'))
  const issuers = await createIssuers(folder)
  const place = await openPlace(folder, SMALL, issuers)
  const service = await startService(place.told)
  const frames = new Map(
    SCENARIOS.filter(({ id }) => KINDS.includes(id)).map(({ id, frames }) => [
      id,
      frames(place.issuers)[0] ?? Buffer.alloc(0),
    ]),
  )
  const loads = await startLoads(folder, service.grpcPort, frames)
  try {
    row(
      'seconds',
      'checks',
      'checks/s',
      'RSS MiB',
      'heap MiB',
      'a scavenge, ms',
      'a major collection, ms',
      'longest delay in 1 to 2 minutes, ms',
    )
    const begun = performance.now()
    let [checks, last] = [0, await measuredOf(service.httpPort)]
    while (checks < CHECKS) {
      const from = performance.now()
      await pause(ROW_MS)
      const now = await measuredOf(service.httpPort)
      const [before, seconds] = [checks, (performance.now() - from) / 1_000]
      checks = [...now.counters.values()].reduce((sum, count) => sum + count, 0)
      row(
        Math.round((performance.now() - begun) / 1_000),
        checks,
        Math.round((checks - before) / seconds),
        Math.round(residentBytes(service.pid) / 2 ** 20),
        Math.round(now.heap / 2 ** 20),
        ...meansBetween(last.collections, now.collections),
        (1_000 * now.longest).toFixed(1),
      )
      last = now
      const unexpected = new Map([...now.counters].filter(([key]) => !EXPECTED.has(key)))
      if (unexpected.size > 0) throw new Error(`unexpected answers: ${toldOf(unexpected)}`)
      if (performance.now() - begun > 1_000 * SECONDS) return false
    }
    return true
  } finally {
    await Promise.all(loads.map((load) => load.stop()))
    await service.stop()
    await place.close()
    await rm(folder, { recursive: true, force: true })
  }
}

process.exitCode = (await main()) ? 0 : 1
