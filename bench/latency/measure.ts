import { startCluster } from '../../testing/cluster/cluster.ts'
import { CRDS } from '../../testing/cluster/crds.ts'
import { aNamespace, install } from '../../testing/cluster/installation.ts'
import { inferenceService } from '../../testing/cluster/rbac.ts'
import { startClusterService } from '../../testing/cluster/service.ts'
import { startTokenCluster } from '../../testing/cluster/token-cluster.ts'
import { CHANGES, type Change, LATE_KIND } from './changes.ts'
import { measureOutage } from './outage.ts'
import { measureRelists } from './relists.ts'
import { fill, measureScale } from './scale.ts'
import { factsOf, isKept, type Row, tableOf } from './table.ts'
import { measureTenants } from './tenants/measure.ts'

const TIMES = 50
/** The API server needs some seconds for each. */
const LATE_TIMES = 5
const LIMIT_MS = 1_000
const LATE_LIMIT_MS = 2_000

const report = (line: string) => void process.stderr.write(`${line}\n`)

/** Time from change to effect, measured many times; tokens.ts does the same for tokens and permissions. */
async function measureChanges(): Promise<boolean> {
  const cluster = await startTokenCluster()
  try {
    await cluster.create(inferenceService('team', 'wine', {}))
    const service = await cluster.serve()
    const rows: Row[] = []
    for (const { titles, once } of CHANGES) {
      const times: (readonly number[])[] = []
      for (let count = 0; count < TIMES; count += 1)
        times.push(await once({ cluster, service }, count))
      report(titles.join(', '))
      rows.push(...rowsOf(titles, times, LIMIT_MS))
    }
    console.log(`\n${tableOf(rows)}\n`)
    const outage = await measureOutage({ cluster, service })
    console.log(`${factsOf(outage.facts)}\n`)
    return rows.every(isKept) && outage.good
  } finally {
    await cluster.stop()
  }
}

const rowsOf = (
  titles: readonly string[],
  times: readonly (readonly number[])[],
  limitMs: number,
): readonly Row[] =>
  titles.map((title, index) => ({
    title,
    waits: times.flatMap((waits) => waits[index] ?? []),
    limitMs,
  }))

/** A kind that is installed while the program runs. */
async function measureLateKind(): Promise<boolean> {
  const cluster = await startCluster({ crds: [CRDS.InferenceService, CRDS.InferenceGraph] })
  try {
    await cluster.apply(aNamespace('team'))
    const service = await startClusterService({ kubeconfig: await install(cluster) })
    try {
      await service.ready()
      const waits = await repeated(LATE_KIND, { cluster, service }, LATE_TIMES)
      const rows = rowsOf(LATE_KIND.titles, waits, LATE_LIMIT_MS)
      console.log(`${tableOf(rows)}\n`)
      return rows.every(isKept)
    } finally {
      await service.stop()
    }
  } finally {
    await cluster.stop()
  }
}

async function repeated(change: Change, world: Parameters<Change['once']>[0], times: number) {
  const waits: (readonly number[])[] = []
  for (let count = 0; count < times; count += 1) waits.push(await change.once(world, count))
  return waits
}

/** A cluster of the largest supported size. */
async function measureLargeCluster(): Promise<boolean> {
  const cluster = await startCluster()
  try {
    await fill(cluster, report)
    console.log(`${factsOf(await measureScale(cluster, report))}\n`)
    const relists = await measureRelists(cluster, report)
    console.log(`${factsOf(relists.facts)}\n`)
    return relists.good
  } finally {
    await cluster.stop()
  }
}

const PARTS = {
  tenants: measureTenants,
  changes: measureChanges,
  late: measureLateKind,
  large: measureLargeCluster,
}

const chosen = process.argv.slice(2)
for (const [name, measure] of Object.entries(PARTS)) {
  if (chosen.length > 0 && !chosen.includes(name)) continue
  report(`measuring: ${name}`)
  if (!(await measure())) process.exitCode = 1
}
