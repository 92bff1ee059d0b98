import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { load } from 'js-yaml'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { verdictOf } from '../../testing/cluster/asking.ts'
import { type Cluster, startCluster, writeAdminKubeconfig } from '../../testing/cluster/cluster.ts'
import { aNamespace } from '../../testing/cluster/installation.ts'
import {
  inferenceService,
  readerRole,
  roleBinding,
  serviceAccount,
} from '../../testing/cluster/rbac.ts'
import { CHART, helm, renderChart } from '../../testing/deployment/chart.ts'
import { startContainer } from '../../testing/deployment/container.ts'
import { found } from '../../testing/deployment/render.ts'
import { type BuiltImage, buildOwnImage } from '../../testing/image/own-image.ts'
import { at, entriesAt, textAt } from '../../testing/json.ts'

const NAME = 'kserve-authz'
const RELEASE = [NAME, CHART, '--namespace', NAME]
const CRD = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions/accesspolicies.kserve-authz.io'

const POLICY = {
  apiVersion: 'kserve-authz.io/v1alpha1',
  kind: 'AccessPolicy',
  metadata: { namespace: 'team', name: 'iris' },
  spec: { allow: [{}] },
}

const PATIENCE = { timeout: 60_000, interval: 100 }
const POLICIES = '/apis/kserve-authz.io/v1alpha1/namespaces/team/accesspolicies'
const POLICY_PATH = `${POLICIES}/iris`
const IRIS = { host: 'iris.team.svc', path: '/v1/models/iris' }

let cluster: Cluster
let image: BuiltImage
let env: Readonly<Record<string, string>>

beforeAll(async () => {
  ;[cluster, image] = await Promise.all([startCluster(), buildOwnImage()])
  env = { KUBECONFIG: await writeAdminKubeconfig(cluster.site) }
})
afterAll(async () => {
  await cluster?.stop()
  await image?.remove()
})

/** The chart as an earlier version would be: its CRD lacks the short name. */
async function earlierChart(): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), 'chart-'))
  await cp(CHART, folder, { recursive: true, dereference: true })
  const crd = path.join(folder, 'files/crd.yaml')
  const text = await readFile(crd, 'utf8')
  await writeFile(crd, text.replace(/^ +shortNames:\n.*\n/m, ''))
  return folder
}

const shortNames = async () => at(await cluster.get(CRD), 'spec', 'names', 'shortNames')

/** The chart as a later version would be: a rule may have the field `until`. */
async function laterChart(): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), 'chart-'))
  await cp(CHART, folder, { recursive: true, dereference: true })
  const change = async (name: string, pattern: RegExp, replacement: string) => {
    const file = path.join(folder, 'files', name)
    const text = await readFile(file, 'utf8')
    const changed = text.replaceAll(pattern, replacement)
    if (changed === text) throw new Error(`${name} has no ${pattern.source}`)
    await writeFile(file, changed)
  }
  await change('crd.yaml', /^( +)from:$/gm, '$1until: {type: string}\n$1from:')
  await change('admission.yaml', /\['from', 'to'\]/g, "['from', 'to', 'until']")
  return folder
}

/** The service of the chart, as its ServiceAccount. */
async function startService() {
  const objects = await renderChart()
  const kubeconfig = await cluster.kubeconfig({ token: await cluster.tokenFor(NAME, NAME) })
  const deployment = found(objects, 'Deployment', NAME)
  const readable = [cluster.site.folder]
  const service = await startContainer({ image, objects, deployment, kubeconfig, readable })
  await service.ready()
  return service
}

describe('helm, against a real API server,', () => {
  it('installs the chart, and prints the next command', async () => {
    const chart = await earlierChart()
    const args = ['install', NAME, chart, '--namespace', NAME, '--create-namespace']
    const printed = await helm(args, {}, env).finally(() => rm(chart, { recursive: true }))
    expect(printed).toContain('NOTHING IS PROTECTED YET')
    expect(printed).toContain('--set preset=istio')
    expect(await shortNames()).toBeUndefined()
  })

  it('upgrades the CRD with the chart, and rolls back, by the commands of the page of upgrades', async () => {
    const page = await readFile(path.join(CHART, '../../docs/upgrade.md'), 'utf8')
    const commands = [...page.matchAll(/^helm (.*?) *(?:#.*)?$/gm)].map(([, words = '']) => words)
    expect(commands.map((words) => words.split(' ')[0])).toEqual(['upgrade', 'rollback'])
    const [upgrade = '', rollback = ''] = commands
    await helm(upgrade.split(' '), {}, env)
    expect(await shortNames()).toEqual(['ap'])
    await helm(rollback.split(' '), {}, env)
    expect(await shortNames()).toBeUndefined()
    await helm(upgrade.split(' '), {}, env)
    expect(await shortNames()).toEqual(['ap'])
  })

  it('runs the service: 401 without a credential, and allowed with a token', async () => {
    await cluster.apply(aNamespace('team'))
    await cluster.create(inferenceService('team', 'iris'))
    await cluster.create(serviceAccount('team', 'default'))
    await cluster.create(readerRole('team', 'iris-caller', ['iris']))
    const caller = { kind: 'ServiceAccount', namespace: 'team', name: 'default' } as const
    await cluster.create(roleBinding('team', 'iris-caller', 'iris-caller', caller))

    const service = await startService()
    expect(await verdictOf(service.gateway, IRIS)).toBe('missing-credential')
    const token = await cluster.tokenFor('team', 'default')
    expect(await verdictOf(service.gateway, { ...IRIS, token })).toBe('allow')
    await service.stop()
  })

  it('rolls back without a rule that admits more: a field of a later version stays, and the service refuses it', async () => {
    const schema = async () => JSON.stringify(await cluster.get(CRD))
    const chart = await laterChart()
    await helm(['upgrade', NAME, chart, '--namespace', NAME, '--reuse-values'], {}, env).finally(
      () => rm(chart, { recursive: true }),
    )
    const limited = { ...POLICY, spec: { allow: [{ until: '2026-12-31' }] } }
    // The API server serves the changed definition a moment later.
    const create = async () =>
      (await cluster.call({ method: 'POST', path: POLICIES, body: limited })).status
    await expect.poll(create, PATIENCE).toBe(201)

    expect(await schema()).toContain('"until"')
    await helm(['rollback', NAME, '--namespace', NAME], {}, env)
    expect(await schema()).not.toContain('"until"')

    // A write by the older definition keeps the field, too.
    const lastTransitionTime = '2026-03-01T12:00:00Z'
    const condition = { type: 'Written', status: 'True', reason: 'Test', message: 'after' }
    await cluster.applyStatus(limited, { conditions: [{ ...condition, lastTransitionTime }] })
    const stored = await cluster.get(POLICY_PATH)
    expect(textAt(stored, 'status', 'conditions', 0, 'type')).toBe('Written')
    expect(at(stored, 'spec', 'allow')).toEqual([{ until: '2026-12-31' }])

    const service = await startService()
    const token = await cluster.tokenFor('team', 'default')
    expect(await verdictOf(service.gateway, { ...IRIS, token })).toBe('policy-invalid')
    await service.stop()
    await cluster.delete(POLICY)
  })

  it('keeps the policies of all tenants when it uninstalls the chart, and installs it again', async () => {
    await cluster.create(POLICY)
    await helm(['uninstall', NAME, '--namespace', NAME], {}, env)
    expect((await cluster.call({ path: POLICY_PATH })).status).toBe(200)
    const gone = `/apis/apps/v1/namespaces/${NAME}/deployments/${NAME}`
    expect((await cluster.call({ path: gone })).status).toBe(404)
    await helm(['install', ...RELEASE], {}, env)
    expect((await cluster.call({ path: gone })).status).toBe(200)
  })

  it('has a test that is admitted as restricted and asks a path of the service', async () => {
    await cluster.apply({
      ...aNamespace(NAME),
      metadata: { name: NAME, labels: { 'pod-security.kubernetes.io/enforce': 'restricted' } },
    })
    const text = await helm(['template', ...RELEASE, '--show-only', 'templates/tests/ready.yaml'])
    const pod = load(text)
    const { status, body } = await cluster.call({
      method: 'POST',
      path: `/api/v1/namespaces/${NAME}/pods?dryRun=All&fieldValidation=Strict`,
      body: Object.fromEntries(entriesAt(pod)),
    })
    expect([status, textAt(body, 'message')]).toEqual([201, ''])
    expect(textAt(pod, 'spec', 'containers', 0, 'args', 0)).toContain(
      `http://${NAME}.${NAME}.svc:9002/readyz`,
    )
  })
})
