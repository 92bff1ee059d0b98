import { factsOf } from '../table.ts'
import { largeDocument, largePolicy, largeSecret } from './objects.ts'
import { policiesOfOneNamespace } from './policies.ts'
import { ms } from './stall.ts'
import { tokensForManyLists } from './tokens.ts'

/** The limit for the wait of others, whatever one tenant writes; for a single object. */
const LIMIT_MS = 20
const OBJECT_MS = 5
/** Most of it is garbage collection. */
const DOCUMENT_MS = 50
/** Below the limit of their total weight, and far above it. */
const COUNTS = [1_000, 2_500, 10_000] as const

/** The effect of one tenant on all others, without a cluster. */
export async function measureTenants(): Promise<boolean> {
  const stalls: (readonly [string, number, number])[] = [
    ['a Secret with a key of 1 MiB is read', largeSecret(), OBJECT_MS],
    ['a policy of 375,000 entries is read', largePolicy(), OBJECT_MS],
    ['longest stall: a document with 20,000 services', await largeDocument(), DOCUMENT_MS],
  ]
  for (const count of COUNTS) {
    const title = `longest stall: ${count} policies, 10,000 services, one changed again and again`
    stalls.push([title, await policiesOfOneNamespace(count), LIMIT_MS])
  }
  const tokens = await tokensForManyLists()
  const facts = [
    ...stalls.map(([title, value]) => [title, ms(value)] as const),
    ['10,000 tokens for 31 lists of audiences: memory', `${tokens.heapMiB.toFixed(0)} MiB`],
    ['the same: entries according to the metric', String(tokens.counted)],
    ["the same: another tenant's remaining tokens", `${tokens.kept} of ${tokens.ofTeam}`],
  ] as const
  console.log(`${factsOf(facts)}\n`)
  return stalls.every(([, value, limit]) => value < limit) && tokens.kept === tokens.ofTeam
}
