import { readFileSync } from 'node:fs'
import { PassThrough } from 'node:stream'
import { text } from 'node:stream/consumers'
import { beforeAll, describe, expect, it } from 'vitest'
import { DENY_REASONS } from '../src/access/decision.ts'
import { CACHE_PERIODS as TOKEN_PERIODS } from '../src/common/cache-periods.ts'
import { configReference } from '../src/config/reference.ts'
import {
  accountCollections,
  configurationCollection,
  holdingCollections,
  llmConfigCollections,
  policyCollections,
  rbacCollections,
  serviceCollections,
} from '../src/kubernetes/watch/watched-kinds.ts'
import { createDecisionLog, type LoggedCheck } from '../src/observability/decision-log.ts'
import { JWKS_PERIODS as KEY_PERIODS } from '../src/tokens/jwks-cache.ts'
import { alerts } from '../testing/deployment/monitoring.ts'
import { renderedMetrics, samplesOf } from '../testing/deployment/rendered-metrics.ts'
import { rowsUnder } from '../testing/markdown.ts'

const page = readFileSync(new URL('../docs/operations.md', import.meta.url), 'utf8')

const namesIn = (cell = '') => [...cell.matchAll(/`([^`]+)`/g)].map(([, name = '']) => name)

let rendered: string

beforeAll(async () => {
  rendered = await renderedMetrics()
})

/** `name | type | labels` of all our metrics. */
function families(): readonly string[] {
  const samples = samplesOf(rendered)
  return [...rendered.matchAll(/^# TYPE (kserve_\S+) (\S+)$/gm)].map(([, name = '', type = '']) => {
    const parts = type === 'histogram' ? [`${name}_sum`] : [name]
    const { labels = {} } = samples.find((sample) => parts.includes(sample.name)) ?? {}
    return [name, type, Object.keys(labels)].join(' | ')
  })
}

describe('the page of operations', () => {
  it('has every metric, with its type and labels', () => {
    const told = rowsUnder(['metric', 'type', 'labels', 'meaning'], page)
    const rows = told.map(([name, type, labels]) =>
      [namesIn(name), type, namesIn(labels)].join(' | '),
    )
    expect(rows.toSorted()).toEqual(families().toSorted())
    expect(told.filter(([, , , meaning = '']) => meaning === '')).toEqual([])
  })

  it('has every field of the decision log, in order', async () => {
    const told = rowsUnder(['field', 'content'], page).map(([name]) => namesIn(name)[0])
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

  it('says how long each fact counts, as in the code and the configuration', () => {
    const rows = rowsUnder(['fact', 'source', 'counts for at most', 'then'], page)
    const bounds = rows.map(([, , bound = '']) => bound)
    const keys = ['kubernetes.maxAddressStalenessSeconds', 'kubernetes.maxStalenessSeconds']
    const defaults = new Map(configReference().map((row) => [row.key, Number(row.default)]))
    expect(keys.map((key) => defaults.get(key))).toEqual([5 * 60, 24 * 60 * 60])
    expect(new Set(bounds.flatMap(namesIn).filter((name) => name.includes('.')))).toEqual(
      new Set(keys),
    )
    const hours = KEY_PERIODS.maxAge / 3_600_000
    expect(bounds.filter((bound) => bound.startsWith(`${hours} hours without`))).toHaveLength(1)
    const seconds = TOKEN_PERIODS.positiveMs / 1_000
    expect(bounds.filter((bound) => bound.startsWith(`${seconds} seconds`))).toHaveLength(3)
    const reasons = rows.flatMap(([, , , then = '']) => namesIn(then))
    for (const reason of reasons) expect(DENY_REASONS).toContain(reason)
  })

  it('describes a response to every alert', () => {
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
    host: 'iris.example.com',
    path: '/v1',
    source: { address: '10.0.0.2', port: 4711, principal: undefined },
    destination: { address: '10.0.0.1', port: 8080, principal: undefined },
    decision: 'allow',
    reason: '',
    credentialKind: 'api-key',
    credential: 'team/key',
    latencyUs: 1,
    detail: 'expired: it has expired',
    decidedBy: 'policy gold, deny[0]',
    shadowDecision: 'deny',
    shadowReason: 'not-permitted',
  }
  log(check)
  await close()
  stream.end()
  return text(stream)
}
