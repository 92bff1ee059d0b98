import { statusOf, type Verdict, verdictOf } from '../../test/support/cluster-asking.ts'
import { newTokens, type TokenCluster } from '../../test/support/token-cluster.ts'
import { quantiles, row, tally } from './table.ts'

const ROWS = [
  [10, '200m', 200],
  [32, '1S', 2_000],
  [128, '30S', 2_000],
] as const

/** Clients in a closed loop, each request with the same token, with one of its client, or with a new one. */
export async function clientsWithDeadlines(cluster: TokenCluster): Promise<boolean> {
  const service = await cluster.serve()
  const newToken = await newTokens(cluster)
  let good = true
  row('clients', 'deadline', 'tokens', 'refused (401, 403)', 'verdicts', 'p50 ms', 'p99 ms')
  for (const [clients, timeout, requests] of ROWS) {
    for (const [kind, perRequest] of [
      ['one', once(newToken())],
      ['one for each client', perClient(newToken)],
      ['a new one for each request', () => newToken],
    ] as const) {
      const verdicts: Verdict[] = []
      const waits: number[] = []
      let sent = 0
      const client = async () => {
        const tokenOf = perRequest()
        for (; sent < requests; ) {
          sent += 1
          const begun = performance.now()
          verdicts.push(await verdictOf(service.gateway, { token: tokenOf(), timeout }))
          waits.push(performance.now() - begun)
        }
      }
      await Promise.all(Array.from({ length: clients }, client))
      const [p50, p99] = quantiles(waits)
      const refused = verdicts.filter((verdict) => [401, 403].includes(statusOf(verdict))).length
      row(clients, timeout, kind, refused, tally(verdicts), p50.toFixed(1), p99.toFixed(1))
      good &&= refused === 0
    }
  }
  return good
}

const once = (token: string) => () => () => token
const perClient = (newToken: () => string) => () => {
  const own = newToken()
  return () => own
}
