import { status } from '@grpc/grpc-js'
import { statusOf, type Verdict, verdictOf } from '../../../testing/cluster/asking.ts'
import { newTokens, type TokenCluster } from '../../../testing/cluster/token-cluster.ts'
import { at } from '../../../testing/json.ts'
import { quantiles, row, tally } from './table.ts'

const ROWS = [
  [10, '200m', 200],
  [32, '1S', 2_000],
  [128, '30S', 2_000],
] as const

/**
 * Clients in a closed loop. All requests have the same token, or each client has one, or each request has a new one.
 */
export async function clientsWithDeadlines(cluster: TokenCluster): Promise<boolean> {
  const service = await cluster.serve()
  const newToken = await newTokens(cluster)
  let good = true
  row('clients', 'deadline', 'tokens', 'refused (401, 403)', 'verdicts', 'p50 ms', 'p99 ms')
  for (const [clients, timeout, requests] of ROWS) {
    for (const [kind, perRequest] of [
      ['one', once(newToken())],
      ['one per client', perClient(newToken)],
      ['a new one per request', () => newToken],
    ] as const) {
      const verdicts: (Verdict | typeof LATE)[] = []
      const waits: number[] = []
      let sent = 0
      const client = async () => {
        const tokenOf = perRequest()
        for (; sent < requests; ) {
          sent += 1
          const begun = performance.now()
          verdicts.push(await verdictInTime(service.gateway, tokenOf(), timeout))
          waits.push(performance.now() - begun)
        }
      }
      await Promise.all(Array.from({ length: clients }, client))
      const [p50, p99] = quantiles(waits)
      const refused = verdicts.filter(isRefusal).length
      row(clients, timeout, kind, refused, tally(verdicts), p50.toFixed(1), p99.toFixed(1))
      good &&= refused === 0
    }
  }
  return good
}

const LATE = 'no answer in time' as const

/** The client's deadline may pass before the service reports that the answer will be late. */
const verdictInTime = (client: Parameters<typeof verdictOf>[0], token: string, timeout: string) =>
  verdictOf(client, { token, timeout }).catch((fault: unknown): typeof LATE => {
    if (at(fault, 'code') === status.DEADLINE_EXCEEDED) return LATE
    throw fault
  })

const isRefusal = (verdict: Verdict | typeof LATE): boolean =>
  verdict !== LATE && [401, 403].includes(statusOf(verdict))

const once = (token: string) => () => () => token
const perClient = (newToken: () => string) => () => {
  const own = newToken()
  return () => own
}
