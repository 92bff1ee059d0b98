import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { MAX_COOKIE_LENGTH, MAX_COOKIES } from '../src/access/cookies.ts'
import { MAX_CREDENTIAL_LENGTH } from '../src/access/credential.ts'
import { ALLOWANCES } from '../src/cluster-access.ts'
import { readConfig } from '../src/config.ts'
import { FREE_BYTES } from '../src/envoy/arrival.ts'
import { MAX_REFUSED } from '../src/envoy/arrivals.ts'
import { BOUNDS, GRPC_SHEDS } from '../src/envoy/bounds.ts'
import { MAX_REFUSALS } from '../src/envoy/connections.ts'
import { MAX_FIELDS } from '../src/envoy/field-count.ts'
import { MAX_PATH_LENGTH } from '../src/envoy/read-request.ts'
import { TURN_BYTES } from '../src/envoy/slow-lane.ts'
import type { Allowances } from '../src/kubernetes/budgets.ts'
import { BURST, MAX_WAITING as MAX_EVENTS } from '../src/kubernetes/events.ts'
import { QUESTION_LIMITS } from '../src/kubernetes/questions.ts'
import { UNSIGNED } from '../src/kubernetes/token-review.ts'
import { SCRAPE_MS, SILENCE_MS } from '../src/observability/http.ts'
import { MAX_WAITING as MAX_LINES_BYTES } from '../src/observability/lines.ts'
import { UNDER_WAY } from '../src/tokens/verifier.ts'
import { VERIFICATIONS } from '../src/verifications.ts'
import { rowsUnder } from './support/markdown.ts'

const page = readFileSync(new URL('../docs/operations.md', import.meta.url), 'utf8')

const namesIn = (cell = '') => [...cell.matchAll(/`([^`]+)`/g)].map(([, name = '']) => name)

const BOUND_COLUMNS = [
  'bound',
  'value',
  'per',
  'beyond it',
  '`cause` in `kserve_authz_shed_total`',
  'change it with',
]

const count = (value: number) => value.toLocaleString('en')
const seconds = (milliseconds: number) => `${milliseconds / 1_000} s`
const bytes = (value: number) =>
  value >= 2 ** 20 ? `${value / 2 ** 20} MiB` : `${value / 2 ** 10} KiB`

const suchReviews = ({ burst, perSecond }: Allowances['inAll']) => ({
  [`such TokenReviews at once, then ${perSecond} a second`]: count(burst),
})

/** What the code says, in the order of the page. */
const VALUES: Readonly<Record<string, string>> = {
  'length of a check': bytes(BOUNDS.requestBytes),
  'compressed checks': count(0),
  'fields of a check': count(MAX_FIELDS),
  'time for a check to arrive': seconds(BOUNDS.arrivalMs),
  'time for an answer to be read': seconds(BOUNDS.answerMs),
  'requests under way': count(BOUNDS.streams),
  'requests under way of one peer': count(BOUNDS.streamsPerAddress),
  'requests under way of one connection': count(BOUNDS.streamsPerConnection),
  'refused requests whose answer is not read': count(MAX_REFUSED),
  'refused requests of one connection': count(MAX_REFUSALS),
  'bytes of a request that do not count below': bytes(FREE_BYTES),
  'bytes of requests under way': bytes(BOUNDS.bytes),
  'bytes of requests under way of one peer': bytes(BOUNDS.bytesPerAddress),
  'long checks in one turn': bytes(TURN_BYTES),
  'health watches': count(BOUNDS.watches),
  connections: count(BOUNDS.connections),
  'connections of one peer': count(BOUNDS.connectionsPerAddress),
  'time to the first request': seconds(BOUNDS.firstRequestMs),
  'time without a request': seconds(BOUNDS.idleMs),
  'length of a credential': bytes(MAX_CREDENTIAL_LENGTH),
  'length of the Cookie header': bytes(MAX_COOKIE_LENGTH),
  cookies: count(MAX_COOKIES),
  'length of the path and query': bytes(MAX_PATH_LENGTH),
  'signatures verified at a time': count(VERIFICATIONS.running),
  'signatures that wait': count(VERIFICATIONS.waiting),
  'signatures that wait for one service': count(VERIFICATIONS.waitingPerLine),
  'JWTs that wait for keys or their turn': count(UNDER_WAY.inAll),
  'JWTs of one namespace that wait for keys or their turn': count(UNDER_WAY.perTenant),
  'TokenReviews at a time': count(QUESTION_LIMITS.running),
  'TokenReviews that wait': count(QUESTION_LIMITS.waiting),
  'TokenReviews that wait for one service': count(QUESTION_LIMITS.waitingPerLine),
  'TokenReviews at a time of tokens that the cluster may not have signed': count(UNSIGNED.running),
  ...suchReviews(ALLOWANCES.perService),
  ...suchReviews(ALLOWANCES.perTenant),
  ...suchReviews(ALLOWANCES.perProxy),
  ...suchReviews(ALLOWANCES.inAll),
  'wait of any of these': `${Math.max(VERIFICATIONS.patienceMs, QUESTION_LIMITS.patienceMs)} ms`,
  'renderings of `/metrics`': seconds(SCRAPE_MS),
  'silence on the HTTP port': seconds(SILENCE_MS),
  'decision log that waits for its reader': bytes(MAX_LINES_BYTES),
  'Warning events that wait': count(MAX_EVENTS),
  'Warning events at once, then one each second': count(BURST),
}

describe('the page of operations', () => {
  it('has every bound as it is', () => {
    const rows = rowsUnder(BOUND_COLUMNS, page)
    expect(rows.map(([bound, value]) => [bound, value])).toEqual(Object.entries(VALUES))
    const causes = new Set(rows.flatMap(([, , , , cause]) => namesIn(cause)))
    expect(GRPC_SHEDS.filter((cause) => !causes.has(cause))).toEqual([])
    const keys = Object.values(readConfig({ file: undefined, env: {}, flags: {} }).grpc)
    const changed = rows.flatMap(([, , , , , key]) => namesIn(key))
    expect(changed).toEqual(
      ['maxRequestBytes', 'maxConnections', 'maxConnectionsPerAddress'].map((key) => `grpc.${key}`),
    )
    for (const value of [BOUNDS.requestBytes, BOUNDS.connections, BOUNDS.connectionsPerAddress])
      expect(keys).toContain(value)
  })
})
