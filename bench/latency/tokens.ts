import { verdictOf } from '../../testing/cluster/asking.ts'
import { REVOCATIONS } from '../../testing/cluster/revocations.ts'
import { startTokenCluster, type TokenCluster } from '../../testing/cluster/token-cluster.ts'
import { clientsWithDeadlines } from './tokens/deadlines.ts'
import { garbageBesideCallers } from './tokens/garbage.ts'
import { newTokensAtFiveTimes } from './tokens/overload.ts'
import { quantiles, row } from './tokens/table.ts'

// Measures tokens of a real cluster: how long a revoked one stays valid, and the latency for callers with new tokens.
// Usage: tokens.ts [revocations] [deadlines] [garbage] [overload]; fails if a revoked token stays valid for a second,
// if a valid token is refused, or if five times the load leaves less than 80 % of the peak.

const TIMES = 50
const LIMIT_MS = 1_000

/** Milliseconds between the API server's reply to a change and the first answer of the service that follows it. */
async function revocations(cluster: TokenCluster): Promise<boolean> {
  const service = await cluster.serve()
  const ask = (token: string) => verdictOf(service.gateway, { token })
  let good = true
  row('change', 'p50 ms', 'p99 ms', 'max ms')
  for (const { titles, once } of REVOCATIONS) {
    const waits: (readonly number[])[] = []
    while (waits.length < TIMES) waits.push(await once({ cluster, ask }))
    for (const [index, title] of titles.entries()) {
      const [p50, p99, max] = quantiles(waits.map((each) => each[index] ?? Number.NaN))
      row(title, ...[p50, p99, max].map((ms) => ms.toFixed(1)))
      good &&= p99 < LIMIT_MS
    }
  }
  return good
}

const PARTS = {
  revocations,
  deadlines: clientsWithDeadlines,
  garbage: garbageBesideCallers,
  overload: newTokensAtFiveTimes,
}

const chosen = process.argv.slice(2)
const parts = Object.entries(PARTS).filter(([name]) => chosen.length === 0 || chosen.includes(name))
if (parts.length > 0) {
  const cluster = await startTokenCluster()
  try {
    for (const [, measure] of parts) if (!(await measure(cluster))) process.exitCode = 1
  } finally {
    await cluster.stop()
  }
}
