import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { KubeConfig } from '@kubernetes/client-node'
import { loadAll } from 'js-yaml'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { findEnvoyGateway } from '../../scripts/envoy-gateway.ts'
import { findIstio } from '../../scripts/istio.ts'
import { examine } from '../../src/doctor/examine.ts'
import { EXAMINED } from '../../src/doctor/objects.ts'
import { readCluster } from '../../src/doctor/read-cluster.ts'
import { createApiServer } from '../../src/kubernetes/client/api-server.ts'
import type { Written } from '../../testing/cluster/client.ts'
import { type Cluster, startCluster } from '../../testing/cluster/cluster.ts'
import {
  accessPolicyCrd,
  aNamespace,
  applyWhole,
  install,
  writtenOf,
} from '../../testing/cluster/installation.ts'
import { serviceAccount } from '../../testing/cluster/rbac.ts'
import { runIn } from '../../testing/command-line.ts'
import { listAt, textAt } from '../../testing/json.ts'
import { installIstioCrds } from '../../testing/mesh/installation.ts'
import { PAIRS } from '../doctor/pairs.ts'
import { AT_ENVOY_GATEWAY, aReplica, type Fields, IN_ISTIO, OPTIONS } from '../doctor/sound.ts'

const NAMESPACES = ['envoy-gateway-system', 'istio-system', 'kserve', 'kserve-authz', 'team']
const GATEWAY_KINDS =
  /^(?:securitypolicies|gateways|httproutes|grpcroutes|backendtlspolicies|referencegrants)\./

const PATIENCE = { timeout: 60_000, interval: 100 }

const A_REPLICA = aReplica({
  nodeName: 'worker-1',
  serviceAccountName: 'kserve-authz',
  containers: [{ name: 'kserve-authz', image: 'kserve-authz:0.2.0' }],
})

let cluster: Cluster
let kubeconfig = ''
const say = (line: string) => void process.stderr.write(`${line}\n`)

beforeAll(async () => {
  const [istio, gateway] = [await findIstio(say), await findEnvoyGateway(say)]
  cluster = await startCluster()
  await installIstioCrds(cluster, istio.crds)
  const crds = loadAll(await readFile(gateway.crds, 'utf8'))
  for (const crd of crds.filter((each) => GATEWAY_KINDS.test(textAt(each, 'metadata', 'name'))))
    await cluster.installCrd(writtenOf(crd))
  await cluster.installCrd(await accessPolicyCrd())
  for (const name of NAMESPACES) await cluster.apply(aNamespace(name))
  await cluster.apply(serviceAccount('team', 'default'))
  await install(cluster)
  await configure('protectByDefault: false')
  kubeconfig = await cluster.kubeconfig({ token: cluster.site.adminToken })
})
afterAll(() => cluster?.stop())

/** The configuration of the installation, as kustomize makes it of deploy/config.yaml. */
const configure = (config: string) =>
  cluster.apply({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'kserve-authz', namespace: 'kserve-authz' },
    data: { 'config.yaml': config },
  })

async function applyAll(objects: readonly Fields[]) {
  for (const object of objects)
    if (Object.hasOwn(EXAMINED, String(object.kind))) await applyWhole(cluster, writtenOf(object))
}

/** Deletes what decides about the check of the model. */
async function withoutGuards() {
  for (const { apiVersion, kind, metadata } of [...IN_ISTIO, ...AT_ENVOY_GATEWAY].map(writtenOf))
    if (['AuthorizationPolicy', 'SecurityPolicy', 'Pod', 'NetworkPolicy'].includes(kind))
      await cluster.delete({ apiVersion, kind, metadata }).catch(() => {})
}

const doctor = (...args: readonly string[]) => runIn({ KUBECONFIG: kubeconfig }, 'doctor', ...args)

/** The objects of the last pair. */
const applied: Written[] = []

async function replace(objects: readonly Fields[]) {
  for (const { apiVersion, kind, metadata } of applied.splice(0))
    await cluster.delete({ apiVersion, kind, metadata }).catch(() => {})
  const next = objects
    .filter(({ kind }) => Object.hasOwn(EXAMINED, String(kind)) && kind !== 'Namespace')
    // The API server keeps its own.
    .filter(({ kind }) => kind !== 'EndpointSlice')
    .map(writtenOf)
  applied.push(...next)
  for (const object of next) await applyWhole(cluster, object)
}

describe('the doctor finds in the objects of a real API server', () => {
  const FIRST = Object.entries(PAIRS).flatMap(([code, [pair]]) =>
    pair === undefined ? [] : [[code, ...pair] as const],
  )
  const codes = async () => {
    const kubeConfig = new KubeConfig()
    kubeConfig.loadFromFile(kubeconfig)
    const api = createApiServer(kubeConfig)
    const limits = { requestMs: 10_000, signal: AbortSignal.timeout(10_000) }
    try {
      const objects = await readCluster(api, limits, OPTIONS.certFile)
      return examine(objects, OPTIONS).findings.map(({ code }) => code)
    } finally {
      api.close()
    }
  }

  afterAll(() => replace([]))

  it.each(FIRST)('%s: %s', async (code, _title, objects) => {
    await replace(objects)
    expect(new Set(await codes())).toEqual(new Set([code]))
  })

  it('nothing without them', async () => {
    for (const objects of [IN_ISTIO, AT_ENVOY_GATEWAY]) {
      await replace(objects)
      expect(await codes()).toEqual([])
    }
  })
})

describe('doctor, of a real API server', () => {
  it.each([
    ['Istio', IN_ISTIO, 'protectByDefault: false'],
    [
      'Envoy Gateway',
      AT_ENVOY_GATEWAY,
      'grpc: {tls: {certFile: /tls/tls.crt, keyFile: /tls/tls.key}}',
    ],
  ])('finds nothing in a sound installation: %s', async (_title, objects, config) => {
    await withoutGuards()
    await applyAll(objects)
    await configure(config)
    onTestFinished(async () => {
      await configure('protectByDefault: false')
    })
    const { code, stdout, stderr } = await doctor()
    expect([code, stdout, stderr]).toEqual([0, '1 protected services, 1 pods, 0 findings\n', ''])
  })

  it('finds a pod that no policy selects', async () => {
    await withoutGuards()
    await applyAll(IN_ISTIO.filter(({ kind }) => kind !== 'AuthorizationPolicy'))
    const { code, stdout } = await doctor()
    expect(code).toBe(1)
    expect(stdout.split('\n')).toEqual([
      '1 protected services, 1 pods, 1 findings',
      '',
      'critical pod-not-selected: InferenceService team/iris',
      '  Pod team/iris-predictor-0 is selected by no AuthorizationPolicy with a provider of kserve-authz',
      '  Requests reach the model without a check.',
      '  kubectl apply -k istio/workloads',
      '',
    ])
  })

  it('finds a Gateway without a SecurityPolicy', async () => {
    await withoutGuards()
    await applyAll(AT_ENVOY_GATEWAY.filter(({ kind }) => kind !== 'SecurityPolicy'))
    const { code, stdout } = await doctor('-o', 'json')
    expect(code).toBe(1)
    expect(JSON.parse(stdout)).toMatchObject({
      services: 1,
      findings: [
        {
          severity: 'critical',
          code: 'gateway-not-guarded',
          object: 'Gateway kserve/kserve-ingress-gateway',
        },
      ],
    })
  })

  it('takes a model as protected if the configuration of the installation protects it', async () => {
    const open = IN_ISTIO.map((object) =>
      object.kind === 'InferenceService'
        ? { ...object, metadata: { name: 'iris', namespace: 'team', annotations: {} } }
        : object,
    )
    await withoutGuards()
    await applyAll(open.filter(({ kind }) => kind !== 'AuthorizationPolicy'))
    expect((await doctor()).stdout).toMatch(/^0 protected services, 0 pods, 0 findings$/m)
    await configure('protectByDefault: true')
    expect((await doctor()).stdout).toMatch(/^critical pod-not-selected: InferenceService/m)
    await configure('protectByDefault: false')
    const elsewhere = await doctor('--installation', 'kserve-authz/other', '-o', 'json')
    expect(elsewhere.stdout).toContain('there is no deployments.apps other')
    expect(elsewhere.stdout).toContain('"not-read"')
  })

  describe('with the permissions of the service', () => {
    const role = (change: (rules: readonly unknown[]) => readonly unknown[]) => async () => {
      const file = await readFile(path.join(import.meta.dirname, '../../deploy/rbac.yaml'), 'utf8')
      const object = loadAll(file)
        .map(writtenOf)
        .find(({ kind }) => kind === 'ClusterRole')
      if (object === undefined) throw new Error('there is no ClusterRole')
      await cluster.apply({ ...object, rules: change(listAt(object, 'rules')) })
    }
    const withoutRule = (resource: string) =>
      role((rules) => rules.filter((rule) => !listAt(rule, 'resources').includes(resource)))
    const findings = async () => {
      const { stdout } = await doctor('-o', 'json')
      return listAt(JSON.parse(stdout), 'findings').map(
        (each) => `${textAt(each, 'code')}: ${textAt(each, 'message')}`,
      )
    }

    beforeAll(async () => {
      await withoutGuards()
      await applyAll(IN_ISTIO)
    })
    afterAll(role((rules) => rules))

    it.each([
      ['pods', 'permission-missing: it may not list pods, watch pods: a replica that starts'],
      ['events', 'optional-permission-missing: it may not create events: owners get no events'],
    ])('finds that the rule for %s is missing', async (resource, message) => {
      await withoutRule(resource)()
      // The authorizer of the API server follows a moment later.
      await expect.poll(findings, PATIENCE).toEqual([expect.stringContaining(message)])
    })

    it('takes the Roles of some namespaces', async () => {
      await role(() => [])()
      await configure('kubernetes: {namespaces: [models]}')
      await expect.poll(findings, PATIENCE).not.toEqual([])
      await install(cluster, 'rbac-namespaces.yaml')
      await expect.poll(findings, PATIENCE).toEqual([])
      await configure('protectByDefault: false')
    })
  })

  it('finds NetworkPolicies that keep proxies from the service, and the service from the API server', async () => {
    const fence = (spec: Fields, namespace: string, name: string): Written => ({
      apiVersion: 'networking.k8s.io/v1',
      kind: 'NetworkPolicy',
      metadata: { name, namespace },
      spec: { podSelector: {}, ...spec },
    })
    const closed = fence({ policyTypes: ['Ingress', 'Egress'] }, 'kserve-authz', 'closed')
    const open = fence({ ingress: [{}], egress: [{}] }, 'kserve-authz', 'open')
    await applyAll(IN_ISTIO)
    await cluster.apply(closed)
    const { code, stdout } = await doctor()
    expect(code).toBe(1)
    expect(stdout).toMatch(/^1 protected services, 1 pods, 2 findings$/m)
    expect(stdout).toMatch(/^error port-closed: NetworkPolicy kserve-authz\/closed$/m)
    expect(stdout).toMatch(/^ {2}it keeps Pod team\/iris-predictor-0 from port 9001 of/m)
    expect(stdout).toMatch(/^error egress-closed: NetworkPolicy kserve-authz\/closed$/m)
    expect(stdout).toMatch(/^ {2}it keeps the service from the API server, port \d+$/m)
    await cluster.apply(open)
    expect((await doctor()).stdout).toBe('1 protected services, 1 pods, 0 findings\n')
    for (const policy of [closed, open]) await cluster.delete(policy)
  })

  it('finds that the clock of the node of a replica differs', async () => {
    const lease = (ms: number): Written => ({
      apiVersion: 'coordination.k8s.io/v1',
      kind: 'Lease',
      metadata: { name: 'worker-1', namespace: 'kube-node-lease' },
      spec: { renewTime: new Date(Date.now() + ms).toISOString().replace('Z', '000Z') },
    })
    await applyAll([...IN_ISTIO, A_REPLICA])
    await cluster.apply(lease(0))
    const sound = async () => (await doctor()).stdout
    await expect.poll(sound, PATIENCE).toBe('1 protected services, 1 pods, 0 findings\n')
    await cluster.apply(lease(-600_000))
    const { code, stdout } = await doctor()
    expect(code).toBe(1)
    expect(stdout).toMatch(/^error clock-differs: Node worker-1$/m)
    expect(stdout).toMatch(/^ {2}its clock is (?:59\d|60\d) s behind that of the API server/m)
    await cluster.delete(writtenOf(A_REPLICA))
  })

  it('says what it may not list', async () => {
    const token = await cluster.tokenFor('team', 'default')
    const own = await cluster.kubeconfig({ token })
    const { code, stdout } = await runIn({ KUBECONFIG: own }, 'doctor', '-o', 'json')
    expect(code).toBe(0)
    expect(stdout).toContain('missing permission: list authorizationpolicies')
    expect(stdout).toContain('"not-read"')
  })

  it('fails if the API server does not accept the credential', async () => {
    const wrong = await cluster.kubeconfig({ token: 'none' })
    const { code, stdout, stderr } = await runIn({ KUBECONFIG: wrong }, 'doctor')
    expect([code, stdout]).toEqual([3, ''])
    expect(stderr).toBe('kserve-authz: the API server answered with status 401\n')
  })

  it('fails if the API server cannot be reached', async () => {
    await cluster.stopApiServer()
    const { code, stdout, stderr } = await doctor()
    expect([code, stdout]).toEqual([3, ''])
    expect(stderr).toBe('kserve-authz: the API server cannot be reached\n')
  })
})
