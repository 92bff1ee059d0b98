import { readFileSync } from 'node:fs'
import { PassThrough } from 'node:stream'
import { text } from 'node:stream/consumers'
import { beforeAll, describe, expect, it } from 'vitest'
import { MAX_COOKIE_LENGTH, MAX_COOKIES } from '../src/access/cookies.ts'
import { MAX_CREDENTIAL_LENGTH } from '../src/access/credential.ts'
import { DENY_REASONS } from '../src/access/decision.ts'
import { configReference, readConfig } from '../src/config.ts'
import { MAX_REFUSED } from '../src/envoy/arrivals.ts'
import { BOUNDS, GRPC_SHEDS } from '../src/envoy/bounds.ts'
import { MAX_FIELDS } from '../src/envoy/field-count.ts'
import { MAX_PATH_LENGTH } from '../src/envoy/read-request.ts'
import { TURN_BYTES } from '../src/envoy/slow-lane.ts'
import {
  accountCollections,
  configurationCollection,
  holdingCollections,
  llmConfigCollections,
  policyCollections,
  rbacCollections,
  serviceCollections,
} from '../src/kubernetes/collections.ts'
import { BURST, MAX_WAITING as MAX_EVENTS } from '../src/kubernetes/events.ts'
import { PERIODS as TOKEN_PERIODS } from '../src/kubernetes/known-tokens.ts'
import { createDecisionLog, createDecisionLog, type LoggedCheck, type LoggedCheck } from '../src/observability/decision-log.ts'
import { SCRAPE_MS, SILENCE_MS } from '../src/observability/http.ts'
import { MAX_WAITING as MAX_LINES_BYTES } from '../src/observability/lines.ts'
import { PERIODS as KEY_PERIODS } from '../src/tokens/key-holder.ts'
import { rowsUnder } from './support/markdown.ts'
import { alerts } from './support/monitoring.ts'
import { renderedMetrics, samplesOf } from './support/rendered-metrics.ts'

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
  'renderings of `/metrics`': seconds(SCRAPE_MS),
  'silence on the HTTP port': seconds(SILENCE_MS),
  'decision log that waits for its reader': bytes(MAX_LINES_BYTES),
  'Warning events that wait': count(MAX_EVENTS),
  'Warning events at once, then one each second': count(BURST),
}

let rendered: string

beforeAll(async () => {
  rendered = await renderedMetrics()
})

/** `name | type | labels`, of all that is ours. */
function families(): readonly string[] {
  const samples = samplesOf(rendered)
  return [...rendered.matchAll(/^# TYPE (kserve_\S+) (\S+)$/gm)].map(([, name = '', type = '']) => {
    const parts = type === 'histogram' ? [`${name}_sum`] : [name]
    const { labels = {} } = samples.find((sample) => parts.includes(sample.name)) ?? {}
    return [name, type, Object.keys(labels)].join(' | ')
  })
}

describe('the page of operations', () => {
  it('has every metric, with its type and its labels', () => {
    const told = rowsUnder(['metric', 'type', 'labels', 'meaning'], page)
    const rows = told.map(([name, type, labels]) =>
      [namesIn(name), type, namesIn(labels)].join(' | '),
    )
    expect(rows.toSorted()).toEqual(families().toSorted())
    expect(told.filter(([, , , meaning = '']) => meaning === '')).toEqual([])
  })

  it('has every field of the decision log, in its order', async () => {
    const told = rowsUnder(['field', 'what it holds'], page).map(([name]) => namesIn(name)[0])
    expect(told).toEqual(Object.keys(JSON.parse(await loggedLine())))
  })

  it('has every line of readyz', () => {
    const scope = { namespaces: [], apiKeyLabels: {} }
    const followed = [
      configurationCollection('kserve'),
      ...[serviceCollections, policyCollections, holdingCollections].flatMap((of) => of(scope)),
      ...[accountCollections, rbacCollections].flatMap((of) => of(scope)),
      ...llmConfigCollections(scope, 'kserve'),
    ]
    const told = rowsUnder(['line', 'holds once'], page).flatMap(([names]) => namesIn(names))
    const others = ['openid-configuration', 'manifests', 'freshness', 'revocation', 'serving']
    const lines = new Set([...followed.map(({ resource }) => resource), ...others])
    expect(told.toSorted()).toEqual([...lines].toSorted())
  })

  it('says how long each fact counts, as the code and the configuration have it', () => {
    const rows = rowsUnder(
      ['what lets a caller in', 'comes from', 'counts for at most', 'then'],
      page,
    )
    const bounds = rows.map(([, , bound = '']) => bound)
    const keys = ['kubernetes.maxStalenessSeconds', 'kubernetes.maxCredentialStalenessSeconds']
    const defaults = new Map(configReference().map((row) => [row.key, Number(row.default)]))
    expect(keys.map((key) => defaults.get(key))).toEqual([5 * 60, 24 * 60 * 60])
    expect(new Set(bounds.flatMap(namesIn).filter((name) => name.includes('.')))).toEqual(
      new Set(keys),
    )
    const hours = KEY_PERIODS.maxAge / 3_600_000
    expect(bounds.filter((bound) => bound.startsWith(`${hours} hours without`))).toHaveLength(1)
    const seconds = TOKEN_PERIODS.positiveMs / 1_000
    expect(bounds.filter((bound) => bound.startsWith(`${seconds} seconds`))).toHaveLength(2)
    const reasons = rows.flatMap(([, , , then = '']) => namesIn(then))
    for (const reason of reasons) expect(DENY_REASONS).toContain(reason)
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

  it('says of every alert what to do', () => {
    const told = [...page.matchAll(/^### (KServeAuthz\w+ \(\w+\))\n\n\S/gm)].map(
      ([, head = '']) => head,
    )
    const severities = alerts.map(({ alert, labels }) => `${alert} (${labels.severity})`)
    expect(told.toSorted()).toEqual(severities.toSorted())
  })
})

async function loggedLine(): Promise<string> {
  const stream = new PassThrough()
  const { log, close } = createDecisionLog({
    decisions: 'all',
    dropped: () => {},
    open: () => stream,
  })
  const check: LoggedCheck = {
    time: 0,
    requestId: 'one',
    namespace: 'team',
    name: 'iris',
    component: 'predictor',
    position: 'workload',
    method: 'POST',
    path: '/v1',
    decision: 'allow',
    reason: '',
    credentialKind: 'api-key',
    credential: 'team/key',
    latencyUs: 1,
    shadowDecision: 'deny',
    shadowReason: 'not-permitted',
  }
  log(check)
  await close()
  stream.end()
  return text(stream)
}
