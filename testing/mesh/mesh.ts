import { randomInt } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { findEnvoy } from '../../scripts/envoy.ts'
import { findIstio } from '../../scripts/istio.ts'
import type { Written } from '../cluster/client.ts'
import { startCluster } from '../cluster/cluster.ts'
import { aNamespace, applyWhole } from '../cluster/installation.ts'
import { asking } from './asking.ts'
import { gatewayObjects, gatewayPod, INGRESS_PORT, LOCAL_PORT, MUTUAL_PORT } from './gateways.ts'
import { startIdentities } from './identities.ts'
import {
  admitting,
  GATEWAY_PORT,
  installIstioCrds,
  installService,
  meshConfig,
  serviceObjects,
  servicePod,
  shippedObjects,
  WORKLOAD_PORT,
} from './installation.ts'
import { startIstiod } from './istiod.ts'
import { mutualTls } from './objects.ts'
import { istioObjectsOf, type MeshPod, POD_PORTS, type PodSpec, startMeshPod } from './pods.ts'
import { prepareProxies } from './proxies.ts'
import { restartableService } from './service.ts'
import { createPod, type Workload } from './workload.ts'

type MeshSpec = {
  /** By name: each is a model with a sidecar, and behind a Service of the same name. */
  readonly pods: Readonly<Record<string, PodSpec>>
  /**
   * Applied in this order, with their status, after the namespaces of pods; Istio's objects last, so that the
   * service is ready only once it knows all others.
   */
  readonly objects?: readonly Written[]
  /** The configuration of the service. */
  readonly config?: object
  /** Kustomizations of `istio/` that are applied. */
  readonly shipped?: readonly string[]
}

export type Mesh = Awaited<ReturnType<typeof startMesh>>

const SHIPPED = ['overlays/default', 'overlays/gateways']

const report = (line: string) => void process.stderr.write(`${line}\n`)

/**
 * Starts a mesh: an API server, istiod, a gateway, the service and models, each of these behind an Envoy that istiod
 * configures, with mutual TLS between them, and the objects of `istio/`. Its `stop` ends everything.
 */
export async function startMesh({ pods, objects = [], config = {}, shipped = SHIPPED }: MeshSpec) {
  const stops: (() => Promise<void>)[] = []
  const stop = async () => {
    for (const each of stops.splice(0).toReversed()) await each()
  }
  const stopping = <T>(started: T, end: (started: T) => Promise<void>): T => {
    stops.push(() => end(started))
    return started
  }
  try {
    const [envoy, istio] = await Promise.all([findEnvoy(report), findIstio(report)])
    const folder = stopping(await mkdtemp(path.join(tmpdir(), 'mesh-')), removed)
    const cluster = stopping(await startCluster(), (each) => each.stop())
    const identities = await startIdentities(folder)
    await installIstioCrds(cluster, istio.crds)

    const network = `127.${randomInt(64, 127)}.${randomInt(256)}`
    const gateway = gatewayPod(`${network}.1`)
    const authz = servicePod(`${network}.2`)
    const namespaces = new Set(Object.values(pods).map(({ namespace = 'team' }) => namespace))
    for (const name of [...NAMESPACES, ...namespaces]) await cluster.apply(aNamespace(name))
    await createPod(cluster, gateway)
    await createPod(cluster, authz)
    const running: MeshPod[] = []
    for (const [index, [name, spec]] of Object.entries(pods).entries()) {
      const pod = await startMeshPod(cluster, name, `${network}.${FIRST + index}`, spec)
      running.push(stopping(pod, ({ model }) => model.close()))
    }

    for (const object of objects.filter(isOfKubernetes)) await applyWhole(cluster, object)

    const service = await restartableService(await installService(cluster), config)
    const [istiod] = await Promise.all([
      startIstiod({ istiod: istio.pilotDiscovery, cluster, meshConfig: await meshConfig() }),
      stopping(service, (each) => each.stop()).start(),
    ])
    stopping(istiod, (each) => each.kill())
    for (const object of [
      mutualTls('istio-system', 'STRICT'),
      ...serviceObjects(authz, service.ports),
      ...gatewayObjects(gateway),
      ...running.flatMap(istioObjectsOf),
      ...admitting([...namespaces], await shippedObjects(...shipped)),
      ...objects.filter((object) => !isOfKubernetes(object)),
    ]) {
      await cluster.apply(object)
    }

    const proxies = await prepareProxies({ envoy, folder, identities })
    stopping(proxies, (each) => each.close())
    const start = async (workload: Workload, ports: readonly number[]) =>
      stopping(await proxies.start(workload, istiod.xdsPort, ports), (each) => each.stop())
    const [gatewayProxy, , ...sidecars] = await Promise.all([
      start(gateway, [INGRESS_PORT, LOCAL_PORT, MUTUAL_PORT]),
      start(authz, [WORKLOAD_PORT, GATEWAY_PORT]),
      ...running.filter(({ meshed }) => meshed).map((pod) => start(pod, POD_PORTS)),
    ])
    await service.ready()
    return {
      cluster,
      istiod,
      service,
      pods: running,
      gatewayProxy,
      /** The pod of the service. */
      authz,
      identities,
      /** The pods of the models. */
      sidecars,
      /** The pod of the gateway. */
      gateway,
      ...asking({ gateway, pods: running, identities }),
      stop,
    }
  } catch (fault) {
    await stop()
    throw fault
  }
}

const isOfKubernetes = ({ apiVersion }: Written) => !apiVersion.includes('istio.io/')

const NAMESPACES = ['istio-system', 'knative-serving', 'kserve', 'kserve-authz']

/** The last byte of the first model's address; gateway and service have lower ones. */
const FIRST = 10

const removed = (folder: string) => rm(folder, { recursive: true, force: true, maxRetries: 5 })
