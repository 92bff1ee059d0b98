import { readFile } from 'node:fs/promises'
import { loadAll } from 'js-yaml'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { findEnvoyGateway } from '../../scripts/envoy-gateway.ts'
import { findIstio } from '../../scripts/istio.ts'
import { EXAMINED } from '../../src/doctor/objects.ts'
import { type Cluster, startCluster } from '../../testing/cluster/cluster.ts'
import {
  accessPolicyCrd,
  aNamespace,
  applyWhole,
  writtenOf,
} from '../../testing/cluster/installation.ts'
import { serviceAccount } from '../../testing/cluster/rbac.ts'
import { runIn } from '../../testing/command-line.ts'
import { textAt } from '../../testing/json.ts'
import { installIstioCrds } from '../../testing/mesh/installation.ts'
import { AT_ENVOY_GATEWAY, type Fields, IN_ISTIO } from '../doctor/sound.ts'

const NAMESPACES = ['istio-system', 'kserve', 'kserve-authz', 'team']
const GATEWAY_KINDS =
  /^(?:securitypolicies|gateways|httproutes|grpcroutes|backendtlspolicies|referencegrants)\./

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
  for (const name of ['default', 'kserve-authz'])
    await cluster.apply(serviceAccount(name === 'default' ? 'team' : name, name))
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

describe('doctor, of a real API server', () => {
  it.each([
    ['Istio', IN_ISTIO],
    ['Envoy Gateway', AT_ENVOY_GATEWAY],
  ])('finds nothing in a sound installation: %s', async (_title, objects) => {
    await withoutGuards()
    await applyAll(objects)
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
