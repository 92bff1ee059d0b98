import { execFile } from 'node:child_process'
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import { CORE_SCHEMA, loadAll } from 'js-yaml'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { get } from '../../scripts/child.ts'
import { findKustomize } from '../../scripts/kustomize.ts'
import { findPrometheus } from '../../scripts/prometheus.ts'
import { alerts, OF_ENVOY, uses } from '../../testing/deployment/monitoring.ts'
import { renderedMetrics } from '../../testing/deployment/rendered-metrics.ts'
import { startMesh, TEAM } from '../../testing/envoy/team.ts'
import { at, entriesAt, listAt, textAt } from '../../testing/json.ts'

const MONITORING = path.join(import.meta.dirname, '../../deploy/monitoring')
const CASES = path.join(import.meta.dirname, '../fixtures/monitoring/alerts.yaml')
const run = promisify(execFile)

let folder: string
let promtool: (...args: readonly string[]) => Promise<{ stdout: string }>
let kustomize: string

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'monitoring-'))
  const say = (line: string) => void process.stderr.write(`${line}\n`)
  const { promtool: program } = await findPrometheus(say)
  kustomize = await findKustomize(say)
  promtool = (...args) => run(program, args, { cwd: folder })
})
afterAll(() => rm(folder, { recursive: true, force: true }))

/** By the command in the head of the file. */
async function writePlainRules() {
  const file = path.join(MONITORING, 'prometheus-rule.yaml')
  const [, script = ''] = /^# +(sed .*)$/m.exec(await readFile(file, 'utf8')) ?? []
  await cp(file, path.join(folder, 'prometheus-rule.yaml'))
  await run('sh', ['-c', script.replace('kserve-authz.rules.yaml', 'rules.yaml')], { cwd: folder })
}

describe('the alerts', () => {
  it('are valid Prometheus rules, as a plain file as well', async () => {
    await writePlainRules()
    const { stdout } = await promtool('check', 'rules', '--lint=all', '--lint-fatal', 'rules.yaml')
    expect(stdout).toContain(`SUCCESS: ${alerts.length} rules found`)
  })

  it('fire when they must, and are silent otherwise', async () => {
    await writePlainRules()
    await cp(CASES, path.join(folder, 'alerts.yaml'))
    const { stdout } = await promtool('test', 'rules', 'alerts.yaml')
    expect(stdout).toContain('SUCCESS')
  })
})

describe('the dashboard', () => {
  it('has valid PromQL queries', async () => {
    const rules = uses.map(({ query }, index) => ({
      record: `query:${index}`,
      expr: query.replaceAll(/\$__(?:rate_interval|range)/g, '5m'),
    }))
    const file = path.join(folder, 'queries.yaml')
    await writeFile(file, JSON.stringify({ groups: [{ name: 'queries', rules }] }))
    const { stdout } = await promtool('check', 'rules', '--lint=none', 'queries.yaml')
    expect(stdout).toContain(`SUCCESS: ${rules.length} rules found`)
  })
})

describe('the component of kustomize', () => {
  const KINDS = ['PodMonitor', 'PrometheusRule', 'ConfigMap']

  async function build(overlay: object = {}): Promise<readonly unknown[]> {
    const kustomization = {
      resources: [path.relative(folder, path.dirname(MONITORING))],
      components: [path.relative(folder, MONITORING)],
      ...overlay,
    }
    await writeFile(path.join(folder, 'kustomization.yaml'), JSON.stringify(kustomization))
    const { stdout } = await run(kustomize, ['build', folder])
    return loadAll(stdout, { schema: CORE_SCHEMA })
  }
  // The hash that kustomize appends to the name of the configuration changes with it.
  const namesIn = (objects: readonly unknown[]) =>
    objects
      .filter((each) => KINDS.includes(textAt(each, 'kind')))
      .map((each) => `${textAt(each, 'kind')} ${textAt(each, 'metadata', 'name')}`)
      .map((name) => name.replace(/-[a-z0-9]{10}$/, '-HASH'))
      .toSorted()

  it('adds the monitor, the alerts and the dashboard in the namespace of the service', async () => {
    const objects = await build()
    expect(namesIn(objects)).toEqual([
      'ConfigMap kserve-authz-HASH',
      'ConfigMap kserve-authz-dashboard',
      'PodMonitor kserve-authz',
      'PrometheusRule kserve-authz',
    ])
    const places = (await build({ namespace: 'authz' })).concat(objects).flatMap((each) => {
      const place = textAt(each, 'metadata', 'namespace')
      return KINDS.includes(textAt(each, 'kind')) ? [place] : []
    })
    expect(new Set(places)).toEqual(new Set(['authz', 'kserve-authz']))
    const found = objects.find((each) => at(each, 'data', 'kserve-authz.json') !== undefined)
    const dashboard = await readFile(path.join(MONITORING, 'dashboard.json'), 'utf8')
    expect(textAt(found, 'data', 'kserve-authz.json')).toBe(dashboard)
  })

  it('monitors the pods of the service, on an existing port', async () => {
    const objects = await build()
    const ofKind = (kind: string) => objects.find((each) => at(each, 'kind') === kind)
    const [monitor, deployment] = [ofKind('PodMonitor'), ofKind('Deployment')]
    const pod = at(deployment, 'spec', 'template')
    expect(at(pod, 'metadata', 'labels')).toMatchObject(
      Object.fromEntries(entriesAt(monitor, 'spec', 'selector', 'matchLabels')),
    )
    expect(listAt(pod, 'spec', 'containers', 0, 'ports')).toContainEqual(
      expect.objectContaining({
        name: at(monitor, 'spec', 'podMetricsEndpoints', 0, 'port'),
        containerPort: 9002,
      }),
    )
  })
})

/** Whether proxies ask is known only of the pods and policies of a cluster. */
const IN_CLUSTERS: ReadonlySet<string> = new Set([
  'kserve_authz_guard_unknown_services',
  'kserve_authz_unguarded_services',
])

describe('running programs', () => {
  const typesIn = (text: string) =>
    [...text.matchAll(/^# TYPE ((?:kserve|envoy_http_ext)_\S+) /gm)].map(([, name = '']) => name)

  it('have all metrics: the service its own, Envoy those about checks', async () => {
    const mesh = await startMesh({ manifests: TEAM, listeners: { gateway: {} } })
    try {
      const { httpPort } = mesh.service()
      const own = await get(`http://127.0.0.1:${httpPort}/metrics`)
      const rendered = typesIn(await renderedMetrics()).filter((name) => !IN_CLUSTERS.has(name))
      expect(typesIn(own.text).toSorted()).toEqual(rendered.toSorted())
      const proxys = await get(`http://127.0.0.1:${mesh.adminPort}/stats/prometheus`)
      expect(typesIn(proxys.text)).toEqual(expect.arrayContaining(OF_ENVOY.map(({ name }) => name)))
    } finally {
      await mesh.stop()
    }
  })
})
