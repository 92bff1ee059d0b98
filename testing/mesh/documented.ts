import { mkdir, symlink, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { findKwok } from '../../scripts/kserve.ts'
import { findKubectl } from '../../scripts/kubectl.ts'
import { findKubernetes } from '../../scripts/kubernetes.ts'
import { createAuthorities } from '../authorities.ts'
import type { Written } from '../cluster/client.ts'
import { writeAdminKubeconfig } from '../cluster/cluster.ts'
import { startNode } from '../cluster/nodes.ts'
import { inferenceGraph, llmInferenceService } from '../cluster/objects.ts'
import { inferenceService, readerRole, roleBinding } from '../cluster/rbac.ts'
import { asLog, startRunningPods } from '../cluster/run-pods.ts'
import { copyProgram, writeProgram } from '../programs.ts'
import { shell } from '../shell.ts'
import type { Entry } from './asking.ts'
import { INGRESS, INGRESS_PORT, LOCAL } from './gateways.ts'
import { WORKLOAD_PORT } from './installation.ts'
import { type Mesh, startMesh } from './mesh.ts'
import { destination, virtualService } from './objects.ts'
import { componentOf, graphPodOf, LLM_PORT, llmPodOf } from './pods.ts'
import { startStreamingModel } from './streaming-model.ts'
import { startTunnel } from './tunnels.ts'

const ROOT = path.join(import.meta.dirname, '../..')
const LOAD_BALANCER = '203.0.113.60'
const HOST = 'sklearn-iris-team.example.com'
const PREDICTOR = 'sklearn-iris-predictor'
const LLM = 'llama-kserve-workload-svc'

const report = (line: string) => void process.stderr.write(`${line}\n`)

export type DocumentedMesh = Awaited<ReturnType<typeof startDocumentedMesh>>

/**
 * The mesh that the pages of Istio describe, with a node, and a shell with kubectl, curl and this program. A client
 * reaches each host that the pages name through a tunnel, with the identity of a pod that has a sidecar.
 */
export async function startDocumentedMesh() {
  const stops: (() => Promise<void>)[] = []
  const stop = async () => {
    for (const each of stops.splice(0).toReversed()) await each()
  }
  try {
    const mesh = await startMesh({ pods: PODS, objects: OBJECTS })
    stops.push(mesh.stop)
    const { folder } = mesh.cluster.site
    const logs = { probe: path.join(folder, 'probe.log'), '*': path.join(folder, 'service.log') }
    const bin = path.join(folder, 'bin')
    const env = {
      KUBECONFIG: await writeAdminKubeconfig(mesh.cluster.site),
      HOME: folder,
      // curl reads .curlrc there.
      CURL_HOME: folder,
      PATH: [bin, path.dirname(process.execPath), process.env.PATH].join(':'),
    }
    await symlink(path.join(ROOT, 'istio'), path.join(folder, 'istio'))
    await writePrograms(bin, mesh)
    await writeHosts(folder, mesh, stops)
    const programs = await startNode(
      mesh.cluster,
      {
        kwok: await findKwok(report),
        controllerManager: (await findKubernetes(report)).controllerManager,
      },
      { environment: env, logs, ports: { 9002: mesh.service.now().httpPort } },
    )
    stops.push(...programs.map(({ kill }) => kill))
    stops.push(startRunningPods(mesh.cluster, { env, logs: { probe: logs.probe } }).stop)
    await mesh.cluster.installCrd(KNATIVE_SERVICES)
    for (const each of DEPLOYMENTS) await mesh.cluster.apply(each)
    return {
      mesh,
      /** Writes the decisions of the service to the log of its pods. */
      writeLog: async () => {
        const lines = mesh.service.now().decisions.map((each) => `${JSON.stringify(each)}\n`)
        await writeFile(logs['*'], asLog(lines.join('')))
      },
      /** Runs a script of bash. */
      sh: (script: string) => shell(script, { cwd: folder, env }),
      stop,
    }
  } catch (fault) {
    await stop()
    throw fault
  }
}

async function writePrograms(bin: string, { sidecars }: Mesh) {
  await mkdir(bin)
  await copyProgram(await findKubectl(report), path.join(bin, 'kubectl'))
  await symlink(path.join(ROOT, 'kserve-authz'), path.join(bin, 'kserve-authz'))
  // Istio's agent sends such a request to the admin interface of its Envoy.
  const admin = `http://127.0.0.1:${sidecars[0]?.adminPort}`
  const agent = `#!/bin/sh\nexec curl -sf -X "$2" "${admin}/$3"\n`
  await writeProgram(path.join(bin, 'pilot-agent'), agent)
}

/** The hosts of the pages, and where a client reaches them. */
async function writeHosts(folder: string, mesh: Mesh, stops: (() => Promise<void>)[]) {
  const client = { as: 'team/client' }
  const { address } = mesh.authz
  const gateway = { address: mesh.gateway.address, port: INGRESS_PORT }
  const authorities = await createAuthorities()
  stops.push(authorities.remove)
  const { caFile, ...certificate } = await authorities.create('public', HOST)
  const places: readonly (readonly [host: string, to: Entry, tls?: boolean])[] = [
    [`${PREDICTOR}.team:80`, await mesh.entryOf({ to: PREDICTOR, ...client })],
    [`${LLM}.team:${LLM_PORT}`, await mesh.entryOf({ to: LLM, port: LLM_PORT, ...client })],
    ['chain.team:80', await mesh.entryOf({ to: 'chain', ...client })],
    ['sklearn-iris.team.svc.cluster.local:80', await mesh.entryOf({ to: 'local gateway' })],
    [`${LOAD_BALANCER}:443`, gateway, true],
    [`${HOST}:443`, gateway, true],
    ['kserve-authz.kserve-authz:9002', { address: '127.0.0.1', port: mesh.service.now().httpPort }],
    // From a pod without a sidecar.
    ['kserve-authz.kserve-authz:9001', { address, port: WORKLOAD_PORT }],
  ]
  const lines = [`cacert = "${caFile}"\n`]
  for (const [host, to, tls = false] of places) {
    const tunnel = await startTunnel(to, tls ? certificate : undefined)
    stops.push(tunnel.close)
    lines.push(`connect-to = "${host}:127.0.0.1:${tunnel.port}"\n`)
  }
  await writeFile(path.join(folder, '.curlrc'), lines.join(''))
}

const PODS = {
  [PREDICTOR]: { labels: componentOf('sklearn-iris') },
  [LLM]: { labels: llmPodOf('llama'), model: startStreamingModel },
  chain: { labels: graphPodOf('chain'), model: startStreamingModel },
}

const inside = `${PREDICTOR}.team.svc.cluster.local`
const OBJECTS: readonly Written[] = [
  {
    ...inferenceService('team', 'sklearn-iris', {}),
    status: { url: `http://${HOST}` },
  },
  inferenceGraph('team', 'chain', {}),
  llmInferenceService('team', 'llama', 'llama'),
  {
    ...readerRole('team', 'callers'),
    rules: [{ apiGroups: ['serving.kserve.io'], resources: ['*'], verbs: ['get'] }],
  },
  roleBinding('team', 'callers', 'callers', {
    kind: 'ServiceAccount',
    namespace: 'team',
    name: 'default',
  }),
  { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { namespace: 'team', name: 'default' } },
  {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { namespace: 'istio-system', name: 'istio-ingressgateway' },
    spec: { type: 'LoadBalancer', ports: [{ port: 443, targetPort: INGRESS_PORT }] },
    status: { loadBalancer: { ingress: [{ ip: LOAD_BALANCER }] } },
  },
  virtualService('team', 'sklearn-iris', {
    hosts: [HOST],
    gateways: [INGRESS],
    http: [{ route: [destination(inside)] }],
  }),
  virtualService('team', 'llama', {
    hosts: ['*'],
    gateways: [INGRESS],
    http: [
      {
        match: [{ uri: { prefix: '/team/llama/' } }],
        rewrite: { uri: '/' },
        route: [destination(`${LLM}.team.svc.cluster.local`, LLM_PORT)],
      },
    ],
  }),
  virtualService('team', 'sklearn-iris-local', {
    hosts: ['sklearn-iris.team.svc.cluster.local'],
    gateways: [LOCAL],
    http: [{ route: [destination(inside)] }],
  }),
]

const KNATIVE_SERVICES: Written = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: 'services.serving.knative.dev' },
  spec: {
    group: 'serving.knative.dev',
    scope: 'Namespaced',
    names: { kind: 'Service', plural: 'services', singular: 'service', shortNames: ['ksvc'] },
    versions: [
      { name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object' } } },
    ],
  },
}

const deployment = (namespace: string, name: string, containers: readonly string[]): Written => {
  const labels = { 'app.kubernetes.io/name': name }
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { namespace, name },
    spec: {
      replicas: 2,
      selector: { matchLabels: labels },
      template: {
        metadata: { labels },
        spec: { containers: containers.map((each) => ({ name: each, image: 'none' })) },
      },
    },
  }
}

const DEPLOYMENTS = [
  deployment('kserve-authz', 'kserve-authz', ['kserve-authz']),
  deployment('team', 'some-model', ['kserve-container', 'istio-proxy']),
]
