import fc from 'fast-check'
import { Histogram, Registry } from 'prom-client'
import { describe, expect, it } from 'vitest'
import { CREDENTIAL_KINDS } from '../../src/access/caller.ts'
import { DENY_REASONS } from '../../src/access/decision.ts'
import { createDirectory, type Directory } from '../../src/access/directory.ts'
import { idOf, type Service, type ServiceRef } from '../../src/access/service.ts'
import { createMetrics, type ObservedCheck } from '../../src/observability/metrics.ts'

const iris: Service = {
  kind: 'InferenceService',
  namespace: 'team',
  name: 'iris',
  protection: 'protected',
  routes: [],
}
const check: ObservedCheck = {
  namespace: 'team',
  name: 'iris',
  outcome: 'allow',
  reason: '',
  credentialKind: 'api-key',
  seconds: 0.000_2,
}

const directoryOf = (...services: Service[]): Directory => {
  const directory = createDirectory()
  for (const service of services) directory.services.put(idOf(service), service)
  return directory
}
type Resources = Parameters<typeof createMetrics>[0]['resources']

const metricsOf = (
  directory = directoryOf(iris),
  perService = true,
  resources: Resources = () => [],
) => createMetrics({ perService, version: '1.2.3', directory, resources })

type Metrics = ReturnType<typeof metricsOf>

/** The lines of one metric, sorted. */
const linesOf = async (metrics: Metrics, name: string) =>
  (await metrics.text())
    .split('\n')
    .filter(
      (line) =>
        line.startsWith(`kserve_authz_${name}{`) || line.startsWith(`kserve_authz_${name} `),
    )
    .map((line) => line.replace('kserve_authz_', ''))
    .sort()

describe('checks', () => {
  it('are counted by service, decision, reason and credential kind', async () => {
    const metrics = metricsOf()
    metrics.observe(check)
    metrics.observe(check)
    metrics.observe({
      ...check,
      outcome: 'deny',
      reason: 'missing-credential',
      credentialKind: 'none',
    })
    expect(await linesOf(metrics, 'checks_total')).toEqual([
      'checks_total{namespace="team",name="iris",decision="allow",reason="",credential_kind="api-key"} 2',
      'checks_total{namespace="team",name="iris",decision="deny",reason="missing-credential",credential_kind="none"} 1',
    ])
  })

  it('in shadow are counted separately, including unknown results', async () => {
    const metrics = metricsOf()
    const tried = { ...check, outcome: 'deny', reason: 'not-permitted' } as const
    metrics.observeShadow(tried)
    metrics.observeShadow({
      ...tried,
      outcome: 'unknown',
      reason: 'overloaded',
      credentialKind: 'none',
    })
    expect(await linesOf(metrics, 'checks_total')).toEqual([])
    expect(await linesOf(metrics, 'shadow_checks_total')).toEqual([
      'shadow_checks_total{namespace="team",name="iris",decision="deny",reason="not-permitted",credential_kind="api-key"} 1',
      'shadow_checks_total{namespace="team",name="iris",decision="unknown",reason="overloaded",credential_kind="none"} 1',
    ])
  })

  it('of unknown services have an empty namespace and name', async () => {
    const metrics = metricsOf()
    const denied = {
      outcome: 'deny',
      reason: 'unknown-target',
      credentialKind: 'none',
      seconds: 1,
    } as const
    metrics.observe(denied)
    metrics.observe({ ...denied, namespace: 'team', name: 'who"} 1\n# ' })
    expect(await linesOf(metrics, 'checks_total')).toEqual([
      'checks_total{namespace="",name="",decision="deny",reason="unknown-target",credential_kind="none"} 2',
    ])
  })

  it('are counted without namespace and name if so configured', async () => {
    const metrics = metricsOf(directoryOf(iris), false)
    metrics.observe(check)
    expect(await linesOf(metrics, 'checks_total')).toEqual([
      'checks_total{decision="allow",reason="",credential_kind="api-key"} 1',
    ])
  })

  it('are removed with their service, and return neither late nor with the old counts', async () => {
    const directory = directoryOf(iris)
    const metrics = metricsOf(directory)
    metrics.observe(check)
    directory.services.remove(idOf(iris))
    expect(await linesOf(metrics, 'checks_total')).toEqual([])
    metrics.observe(check)
    expect(await linesOf(metrics, 'checks_total')).toEqual([
      'checks_total{namespace="",name="",decision="allow",reason="",credential_kind="api-key"} 1',
    ])
    directory.services.put(idOf(iris), iris)
    metrics.observe(check)
    expect(await linesOf(metrics, 'checks_total')).toContain(
      'checks_total{namespace="team",name="iris",decision="allow",reason="",credential_kind="api-key"} 1',
    )
  })

  it('leave no series behind, however many services are added and removed', async () => {
    const directory = directoryOf()
    const metrics = metricsOf(directory)
    for (let index = 0; index < 1_000; index += 1) {
      const service = { ...iris, name: `model-${index}` }
      directory.services.put(idOf(service), service)
      metrics.observe({ ...check, name: service.name })
      directory.services.remove(idOf(service))
    }
    expect(await linesOf(metrics, 'checks_total')).toEqual([])
  })

  it('never have a label from a client', async () => {
    const metrics = metricsOf()
    const before = (await metrics.text()).length
    fc.assert(
      fc.property(fc.string(), fc.string(), (namespace, name) => {
        metrics.observe({ ...check, namespace, name })
      }),
    )
    expect(await linesOf(metrics, 'checks_total')).toHaveLength(1)
    expect((await metrics.text()).length).toBeLessThan(before + 2_000)
  })

  it('have series for every reason and credential kind', async () => {
    const metrics = metricsOf()
    for (const credentialKind of [...CREDENTIAL_KINDS, 'none'] as const)
      metrics.observe({ ...check, credentialKind })
    for (const reason of DENY_REASONS) {
      metrics.observe({ ...check, outcome: 'deny', reason, credentialKind: 'none' })
    }
    expect(await linesOf(metrics, 'checks_total')).toHaveLength(
      CREDENTIAL_KINDS.length + 1 + DENY_REASONS.length,
    )
  })

  it('with unusual names are escaped', async () => {
    const odd = { ...iris, name: 'a"b\\c\nd' }
    const metrics = metricsOf(directoryOf(odd))
    metrics.observe({ ...check, name: odd.name })
    expect((await linesOf(metrics, 'checks_total'))[0]).toContain('name="a\\"b\\\\c\\nd",')
  })

  it('are timed from 50 microseconds on', async () => {
    const metrics = metricsOf()
    metrics.observe({ ...check, seconds: 0.000_05 })
    metrics.observe({ ...check, seconds: 0.3 })
    const buckets = await linesOf(metrics, 'check_duration_seconds_bucket')
    expect(buckets).toContain('check_duration_seconds_bucket{le="0.00005",decision="allow"} 1')
    expect(buckets).toContain('check_duration_seconds_bucket{le="0.4",decision="allow"} 2')
    expect(buckets).toContain('check_duration_seconds_bucket{le="0.25",decision="allow"} 1')
    expect(await linesOf(metrics, 'check_duration_seconds_sum')).toContain(
      'check_duration_seconds_sum{decision="allow"} 0.30005',
    )
    expect(await linesOf(metrics, 'check_duration_seconds_count')).toEqual([
      'check_duration_seconds_count{decision="allow"} 2',
      'check_duration_seconds_count{decision="deny"} 0',
    ])
  })

  it('are timed as a Histogram of prom-client would time them', async () => {
    const metrics = metricsOf()
    const name = 'kserve_authz_check_duration_seconds'
    const labelNames = ['decision']
    const buckets = (await linesOf(metrics, 'check_duration_seconds_bucket'))
      .map((line) => Number(/le="([\d.]+)",decision="deny"/.exec(line)?.[1]))
      .filter(Number.isFinite)
    expect(buckets).toHaveLength(15)
    const reference = new Histogram({ name, help: 'Checks.', labelNames, buckets, registers: [] })
    reference.zero({ decision: 'allow' })
    for (const seconds of [0, 0.000_07, 0.000_1, ...buckets, 0.3, 1.000_1, 60]) {
      metrics.observe({ ...check, outcome: 'deny', reason: 'internal', seconds })
      reference.observe({ decision: 'deny' }, seconds)
    }
    const registry = new Registry()
    registry.registerMetric(reference)
    const samples = (text: string) => text.split('\n').filter((line) => line.startsWith(`${name}_`))
    expect(samples(await metrics.text())).toEqual(samples(await registry.metrics()))
  })
})

describe('the metrics', () => {
  it('show the services by kind and protection at each scrape', async () => {
    const graph: Service = { ...iris, kind: 'InferenceGraph', protection: 'open' }
    const directory = directoryOf(iris, graph, { ...iris, name: 'wine' })
    const metrics = metricsOf(directory)
    const positive = async () =>
      (await linesOf(metrics, 'services')).filter((line) => !line.endsWith(' 0'))
    expect(await positive()).toEqual([
      'services{kind="InferenceGraph",protection="open"} 1',
      'services{kind="InferenceService",protection="protected"} 2',
    ])
    directory.services.remove(idOf(graph))
    expect(await positive()).toEqual(['services{kind="InferenceService",protection="protected"} 2'])
  })

  it('show the number of API keys', async () => {
    const directory = directoryOf()
    const metrics = metricsOf(directory)
    expect(await linesOf(metrics, 'api_keys')).toEqual(['api_keys 0'])
    directory.keys.put('team/key', {
      namespace: 'team',
      name: 'key',
      digest: 'f'.repeat(64),
      services: undefined,
      expiresAt: undefined,
      user: 'apikey:team/key',
      groups: [],
      labels: new Map(),
    })
    expect(await linesOf(metrics, 'api_keys')).toEqual(['api_keys 1'])
  })

  it('show whether all parts of each resource are known, and how often its list was restarted', async () => {
    const resources = () => [
      { resource: 'pods', synced: true, restarts: 1 },
      { resource: 'pods', synced: false, restarts: 2, withheld: true },
      { resource: 'secrets', synced: true, restarts: 0 },
    ]
    const metrics = metricsOf(directoryOf(iris), true, resources)
    await metrics.text()
    expect(await linesOf(metrics, 'watch_synced')).toEqual([
      'watch_synced{resource="pods"} 0',
      'watch_synced{resource="secrets"} 1',
    ])
    expect(await linesOf(metrics, 'watch_forbidden')).toEqual([
      'watch_forbidden{resource="pods"} 1',
      'watch_forbidden{resource="secrets"} 0',
    ])
    expect(await linesOf(metrics, 'watch_restarts_total')).toEqual([
      'watch_restarts_total{resource="pods"} 3',
      'watch_restarts_total{resource="secrets"} 0',
    ])
  })

  it('show the age of the data of a resource, of its oldest part', async () => {
    const now = performance.now()
    const part = { resource: 'pods', synced: true, restarts: 0 }
    const resources = () => [
      { ...part, heardAt: now - 5_000 },
      { ...part, heardAt: now - 60_000 },
      { ...part, resource: 'manifests' },
    ]
    const [line = '', ...others] = await linesOf(
      metricsOf(directoryOf(iris), true, resources),
      'watch_age_seconds',
    )
    expect(line).toMatch(/^watch_age_seconds\{resource="pods"\} 6\d\.\d+$/)
    expect(others).toEqual([])
  })

  it('count lost lines of the decision log', async () => {
    const metrics = metricsOf()
    metrics.decisionLogDropped()
    expect(await linesOf(metrics, 'decision_log_dropped_total')).toEqual([
      'decision_log_dropped_total 1',
    ])
  })

  it('start the counter of bugs at zero, so that the first is an increase', async () => {
    const metrics = metricsOf()
    expect(await linesOf(metrics, 'internal_errors_total')).toEqual([
      'internal_errors_total{origin="background"} 0',
      'internal_errors_total{origin="check"} 0',
      'internal_errors_total{origin="shadow"} 0',
    ])
    metrics.internalError('check')
    expect(await linesOf(metrics, 'internal_errors_total')).toContain(
      'internal_errors_total{origin="check"} 1',
    )
  })

  it('count changes of protection, from zero', async () => {
    const metrics = metricsOf()
    metrics.observeProtection('open', 'protected')
    metrics.observeProtection('lost', undefined)
    const lines = await linesOf(metrics, 'protection_changes_total')
    expect(lines).toHaveLength(25)
    expect(lines.filter((line) => !line.endsWith(' 0'))).toEqual([
      'protection_changes_total{protection="lost",before="new"} 1',
      'protection_changes_total{protection="open",before="protected"} 1',
    ])
  })

  it('show the delay of the event loop', async () => {
    const metrics = metricsOf()
    const longest = async () =>
      Number((await linesOf(metrics, 'event_loop_delay_seconds'))[2]?.split(' ')[1])
    const turn = () => new Promise((resolve) => setTimeout(resolve, 30))
    await turn()
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 150)
    await expect.poll(longest).toBeGreaterThan(0.1)
    const blocked = await longest()
    // A scrape does not hide the value from the next one.
    expect(await longest()).toBeGreaterThanOrEqual(blocked)
    expect(blocked).toBeLessThan(5)
    expect(await linesOf(metrics, 'event_loop_delay_seconds')).toEqual([
      expect.stringContaining('event_loop_delay_seconds{quantile="0.5"} '),
      expect.stringContaining('event_loop_delay_seconds{quantile="0.99"} '),
      expect.stringContaining('event_loop_delay_seconds{quantile="max"} '),
    ])
  })

  it('are not reset by a scrape', async () => {
    expect(await metricsOf().text()).not.toContain('nodejs_eventloop')
  })

  it('show the version of the program and of Node', async () => {
    expect(await linesOf(metricsOf(), 'build_info')).toEqual([
      `build_info{version="1.2.3",node_version="${process.version}"} 1`,
    ])
  })

  it('include those of the process, and each has its help and type', async () => {
    const text = await metricsOf().text()
    expect(text).toMatch(/^process_resident_memory_bytes \d+$/m)
    const names = (keyword: string) =>
      [...text.matchAll(new RegExp(`^# ${keyword} (\\S+) `, 'gm'))].map(([, name = '']) => name)
    expect(names('HELP')).toEqual(names('TYPE'))
    expect(
      names('TYPE')
        .filter((name) => name.startsWith('kserve_'))
        .sort(),
    ).toEqual([
      'kserve_authz_api_keys',
      'kserve_authz_build_info',
      'kserve_authz_check_duration_seconds',
      'kserve_authz_checks_total',
      'kserve_authz_decision_log_dropped_total',
      'kserve_authz_dependency_duration_seconds',
      'kserve_authz_dependency_requests_total',
      'kserve_authz_event_loop_delay_seconds',
      'kserve_authz_identity_values_left_out_total',
      'kserve_authz_internal_errors_total',
      'kserve_authz_memory_limit_bytes',
      'kserve_authz_protection_changes_total',
      'kserve_authz_provider_insecure_http',
      'kserve_authz_services',
      'kserve_authz_shadow_checks_total',
      'kserve_authz_shed_total',
      'kserve_authz_token_groups_left_out_total',
      'kserve_authz_token_refusals_total',
      'kserve_authz_watch_age_seconds',
      'kserve_authz_watch_forbidden',
      'kserve_authz_watch_restarts_total',
      'kserve_authz_watch_synced',
    ])
    expect(text).toMatch(/^(?:(?:# .*|[a-z0-9_]+(?:\{.*\})? \S+)?\n)+$/)
  })

  it('yield to requests while many series are rendered', async () => {
    const services = Array.from({ length: 6_000 }, (_, index) => ({ ...iris, name: `m-${index}` }))
    const metrics = metricsOf(directoryOf(...services))
    for (const { name } of services satisfies ServiceRef[]) metrics.observe({ ...check, name })
    let turns = 0
    const turn = () => {
      turns += 1
      next = setImmediate(turn)
    }
    let next = setImmediate(turn)
    expect(await linesOf(metrics, 'checks_total')).toHaveLength(6_000)
    clearImmediate(next)
    expect(turns).toBeGreaterThanOrEqual(3)
  })
})
