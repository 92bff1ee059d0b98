import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { startService } from '../bench/measure/servers.ts'
import { writeWorld } from '../bench/worlds/manifests.ts'
import { bearer } from '../bench/worlds/scenario.ts'
import { createIssuers } from '../bench/worlds/tokens.ts'
import { keyAt } from '../bench/worlds/world.ts'
import type { Outcome } from './overload/load.ts'
import { keyOf, messages, NOISY, newTokens, QUIET, sendAll, WORLD } from './overload/world.ts'
import { row } from './tokens/table.ts'

// Measures five times the load that saturates, and one tenant's flood beside another tenant's checks.
// Usage: overload.ts [overload] [fairness]; fails where goodput falls below 80 % of its peak or is too slow.

const SECONDS = Number(process.env.OVERLOAD_SECONDS ?? 5)
const HEAD = [
  'sent/s',
  'held',
  'decided/s',
  'overloaded',
  'late',
  'failed',
  'p50 ms',
  'p99 ms',
  'refused p99',
] as const

const shown = ({
  sent,
  held,
  decided,
  overloaded,
  late,
  failed,
  p50Ms,
  p99Ms,
  refusedP99Ms,
}: Outcome) => [
  Math.round(sent / SECONDS),
  held,
  Math.round(decided / SECONDS),
  overloaded,
  late,
  failed,
  p50Ms.toFixed(1),
  p99Ms.toFixed(1),
  refusedP99Ms.toFixed(1),
]

type Place = Awaited<ReturnType<typeof openPlace>>

async function openPlace() {
  const folder = await mkdtemp(path.join(tmpdir(), 'overload-'))
  const issuers = await createIssuers(folder)
  await writeWorld(folder, WORLD, issuers)
  const service = await startService({ folder })
  const write = (
    name: string,
    ...rest: [Parameters<typeof messages>[2], Parameters<typeof messages>[3]]
  ) => messages(folder, name, ...rest)
  const files = {
    warm: await write('warm', QUIET, [keyOf(QUIET)]),
    quietNew: await write('quiet-new', QUIET, newTokens(issuers, 1)),
    noisyWarm: await write('noisy-warm', NOISY, [keyOf(NOISY)]),
    noisyNew: await write('noisy-new', NOISY, newTokens(issuers, 1_000_000)),
    unknownKeys: await write(
      'unknown',
      NOISY,
      Array.from({ length: 4_096 }, (_, index) => bearer(keyAt(-1 - index))),
    ),
    garbage: await write(
      'garbage',
      NOISY,
      newTokens(issuers, 2_000_000).map(({ authorization = '' }) => ({
        authorization: `${authorization.slice(0, -6)}AAAAAA`,
      })),
    ),
  }
  return {
    folder,
    service,
    files,
    send: (flows: Parameters<typeof sendAll>[3], seconds = SECONDS) =>
      sendAll(folder, service.grpcPort, seconds, flows),
    close: async () => {
      await service.stop()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

async function overload({ send, files }: Place): Promise<boolean> {
  let good = true
  row('work', 'times', ...HEAD)
  for (const [title, file, first] of [
    ['new JWTs', files.noisyNew, 1_000],
    ['known key', files.noisyWarm, 2_000],
  ] as const) {
    const flow = (perSecond: number) => ({ name: title, file, perSecond, connections: 8 })
    await send([flow(first)], 2)
    let peak = 0
    let saturating = first
    for (let rate = first; rate <= 64_000; rate *= 1.5) {
      const [outcome] = await send([flow(rate)], SECONDS)
      if (outcome === undefined) break
      row(title, 'search', ...shown(outcome))
      const goodput = outcome.decided / SECONDS
      if (goodput > peak) [peak, saturating] = [goodput, rate]
      if (goodput < 0.9 * rate) break
    }
    const [outcome] = await send([flow(5 * peak)])
    if (outcome === undefined) break
    row(title, `5 x ${Math.round(peak)}`, ...shown(outcome))
    good &&= outcome.decided / SECONDS >= 0.8 * peak
    void saturating
  }
  return good
}

async function fairness({ send, files }: Place): Promise<boolean> {
  const warm = { name: 'known key', file: files.warm, perSecond: 200, connections: 1 }
  const quiet = { name: 'new JWTs', file: files.quietNew, perSecond: 50, connections: 1 }
  row('beside', 'flow', ...HEAD)
  const tell = (title: string, outcomes: readonly Outcome[]) => {
    for (const outcome of outcomes) row(title, outcome.name, ...shown(outcome))
  }
  await send([warm, quiet])
  tell('nobody', await send([warm, quiet]))
  for (const [title, file, perSecond, connections] of [
    ['garbage tokens', files.garbage, 2_000, 8],
    ['garbage tokens', files.garbage, 10_000, 8],
    ['unknown keys', files.unknownKeys, 2_000, 8],
    ['unknown keys', files.unknownKeys, 10_000, 8],
    ['new JWTs', files.noisyNew, 2_000, 8],
    ['new JWTs', files.noisyNew, 10_000, 8],
    ['many connections', files.noisyWarm, 2_000, 500],
  ] as const) {
    tell(
      `${perSecond} ${title} /s`,
      await send([warm, quiet, { name: 'flood', file, perSecond, connections }]),
    )
  }
  return true
}

const PARTS = { overload, fairness }
const chosen = process.argv.slice(2)
for (const [name, measure] of Object.entries(PARTS)) {
  if (chosen.length > 0 && !chosen.includes(name)) continue
  const place = await openPlace()
  try {
    if (!(await measure(place))) process.exitCode = 1
  } finally {
    await place.close()
  }
}
