import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { Writable } from 'node:stream'
import { setTimeout } from 'node:timers/promises'
import type { Answer } from '../src/access/answer.ts'
import { openEngine } from '../src/app/engine.ts'
import { type CheckObserver, createCheckObserver } from '../src/app/observe-checks.ts'
import { configOf } from '../src/cli/config-of.ts'
import { encodeAnswer } from '../src/envoy/check-handler.ts'
import { decodeCheckRequest } from '../src/envoy/protocol.ts'
import { readCheck } from '../src/envoy/read-request.ts'
import { createDecisionLog } from '../src/observability/decision-log.ts'
import { createLastDenials } from '../src/observability/last-denials.ts'
import { createMetrics } from '../src/observability/metrics.ts'
import { type Timing, time } from './measure/timing.ts'
import { table } from './report/markdown.ts'
import { writeWorld } from './worlds/manifests.ts'
import type { Scenario } from './worlds/scenario.ts'
import { SCENARIOS } from './worlds/scenarios.ts'
import { createIssuers, type Issuers } from './worlds/tokens.ts'
import type { World } from './worlds/world.ts'

// Duration of each part of a check, in nanoseconds, in this process: no gRPC, no network.
// Usage: micro.ts [IDS-OF-SCENARIOS]

const IDS = [
  'open',
  'excluded',
  'denial',
  'key-10',
  'key-10-miss',
  'jwt-rs256',
  'jwt-long',
  'opaque',
  'kubernetes',
  'rules-10',
  'rules-100',
  'rules-10-key',
  'rules-100-key',
]

const TURN_MS = 20

const ignored = () => {}
const nowhere = () => new Writable({ write: (_chunk, _encoding, done) => done() })

type Tools = {
  readonly engine: Awaited<ReturnType<typeof openEngine>>
  readonly observe: CheckObserver['observe']
  readonly log: CheckObserver['observe']
}

async function openTools(folder: string): Promise<Tools> {
  const engine = await openEngine({
    config: configOf({ config: path.join(folder, 'config.yaml') }),
    manifests: path.join(folder, 'manifests'),
    reportProblem: ({ message }) => process.stderr.write(`${message}\n`),
    reportFault: (message, error) => process.stderr.write(`${message}: ${String(error)}\n`),
    reportOutage: (_resource, message) => process.stderr.write(`${message}\n`),
  })
  const metrics = createMetrics({
    perService: true,
    version: 'bench',
    directory: engine.directory,
    resources: engine.resources,
  })
  const decisions = createDecisionLog({ decisions: 'all', dropped: () => {}, open: nowhere })
  const silent = createDecisionLog({ decisions: 'off', dropped: () => {} })
  return {
    engine,
    observe: createCheckObserver(metrics, silent, ignored, createLastDenials(engine.directory))
      .observe,
    log: createCheckObserver({ observe: ignored, observeShadow: ignored }, decisions, ignored)
      .observe,
  }
}

const PARTS = ['decode', 'read', 'decide', 'encode', 'metrics', 'log']

async function partsOf(frame: Buffer, { engine, observe, log }: Tools) {
  const { authorize, encode } = engine
  const incoming = readCheck(frame, { position: 'workload' })
  const answer: Answer = await authorize(incoming.request)
  const checked = { incoming, answer, seconds: 0.000_02 }
  return [
    () => decodeCheckRequest(frame),
    () => readCheck(frame, { position: 'workload' }),
    () => authorize(incoming.request),
    () => encodeAnswer(encode, incoming, answer),
    () => observe(checked),
    () => log(checked),
  ] as const
}

const cell = ({ median, least }: Timing) => `${median.toFixed(0)} (${least.toFixed(0)})`

/** A row for each of these scenarios of one world. */
async function rowsOf(
  world: World,
  scenarios: readonly Scenario[],
  { folder, issuers }: { readonly folder: string; readonly issuers: Issuers },
) {
  const own = path.join(folder, world.name.replaceAll(/\W+/g, '-'))
  await writeWorld(own, world, issuers)
  const tools = await openTools(own)
  const rows: (readonly string[])[] = []
  for (const { id, frames } of scenarios) {
    const row = [id]
    for (const frame of frames(issuers).slice(0, 1)) {
      for (const part of await partsOf(frame, tools)) {
        row.push(cell(time(part)))
        // The keys of the issuers are refreshed each second.
        await setTimeout(TURN_MS)
      }
    }
    rows.push(row)
  }
  await tools.engine.close()
  return rows
}

async function main(ids: readonly string[]) {
  const folder = await mkdtemp(path.join(tmpdir(), 'micro-'))
  try {
    const issuers = await createIssuers(folder)
    const chosen = SCENARIOS.filter(({ id }) => ids.includes(id))
    const rows: (readonly string[])[] = []
    for (const world of new Set(chosen.map((scenario) => scenario.world))) {
      const own = chosen.filter((scenario) => scenario.world === world)
      rows.push(...(await rowsOf(world, own, { folder, issuers })))
    }
    const head = ['ns: median (least)', ...PARTS]
    process.stdout.write(`${table([head, ...rows])}\n`)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

const ids = process.argv.slice(2)
await main(ids.length === 0 ? IDS : ids)
