import { factsOf } from '../table.ts'
import { largeDocument, largePolicy, largeSecret } from './objects.ts'
import { policiesOfOneNamespace } from './policies.ts'
import { ms } from './stall.ts'
import { tokensForManyLists } from './tokens.ts'

/** Nobody waits longer, whatever one tenant writes; for one object alone. */
const LIMIT_MS = 20
const OBJECT_MS = 5
/** Most of it is the collection of garbage. */
const DOCUMENT_MS = 50
/** Below what they would weigh too much in all, and far beyond. */
const COUNTS = [1_000, 2_500, 10_000] as const

/** What one tenant can do to all others, without any cluster. */
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
    ['the same: entries as the metric says', String(tokens.counted)],
    ["the same: another tenant's tokens that are left", `${tokens.kept} of ${tokens.ofTeam}`],
  ] as const
  console.log(`${factsOf(facts)}\n`)
  return stalls.every(([, value, limit]) => value < limit) && tokens.kept === tokens.ofTeam
}
