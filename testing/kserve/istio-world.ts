import { until } from '../../scripts/child.ts'
import type { Written } from '../cluster/client.ts'
import { aNamespace } from '../cluster/installation.ts'
import { servicesOf } from '../envoy-gateway/kserve-routes.ts'
import { at, listAt, textAt } from '../json.ts'
import { installService } from '../mesh/installation.ts'
import { restartableService } from '../mesh/service.ts'
import { startPod } from '../scenario/pod.ts'
import { ownersBehind } from './backends.ts'
import { endpointOf, startIstioGateway } from './istio-gateway.ts'
import { startKserve } from './programs.ts'
import { idOf, type Snapshot, snapshotOf } from './snapshot.ts'
import { startStandIns } from './stand-ins.ts'

const SETTINGS = {
  deploy: { defaultDeploymentMode: 'Standard' },
  ingress: {
    disableIstioVirtualHost: true,
    enableGatewayApi: true,
    additionalIngressDomains: ['example.org'],
  },
}
const SETTLE_MS = 600_000

export type IstioWorld = Awaited<ReturnType<typeof startIstioWorld>>

/**
 * KServe's controllers and istiod in one cluster: KServe makes HTTPRoutes for these objects, istiod gives them to an
 * Envoy, and that asks the service. There is a pod for each Kubernetes Service of the routes.
 */
export async function startIstioWorld(objects: readonly Written[], config: object = {}) {
  const stops: (() => Promise<void>)[] = []
  const stop = async () => {
    for (const each of stops.splice(0).toReversed()) await each()
  }
  try {
    const kserve = await startKserve(SETTINGS)
    stops.push(kserve.stop)
    const { cluster } = kserve
    const standIns = startStandIns(cluster)
    stops.push(standIns.stop)
    const namespaces = new Set(objects.map(({ metadata }) => metadata.namespace ?? ''))
    for (const name of ['istio-system', 'kserve-authz', ...namespaces])
      await cluster.apply(aNamespace(name))
    const service = await restartableService(await installService(cluster), config)
    stops.push(service.stop)
    const gateway = await startIstioGateway(cluster, ADDRESS)
    stops.push(gateway.stop)
    for (const object of objects) await cluster.apply(object)
    const snapshot = await until(
      'not every route is accepted',
      async () => {
        const found = await snapshotOf(cluster)
        return isSettled(found, objects) ? found : undefined
      },
      { deadlineMs: SETTLE_MS },
    )
    const pods = new Map<string, Pod>()
    for (const { namespace, name, port } of servicesOf(snapshot.httpRoutes.map(Object))) {
      const pod = pods.get(`${namespace}/${name}`) ?? (await startPod())
      if (!pods.has(`${namespace}/${name}`)) stops.push(pod.close)
      pods.set(`${namespace}/${name}`, pod)
      const named = {
        number: port,
        targetPort: pod.httpPort,
        name: portName(snapshot, namespace, name, port),
      }
      await cluster.apply(endpointOf(namespace, name, named))
    }
    await service.start()
    await gateway.protect(service.ports.gateway)
    await gateway.start()
    await service.ready()
    return { cluster, snapshot, service, gateway, pods, stop }
  } catch (fault) {
    await stop()
    throw fault
  }
}

type Pod = Awaited<ReturnType<typeof startPod>>

/** The name of a Service's port, by which endpoints belong to it. */
function portName({ services }: Snapshot, namespace: string, name: string, port: number): string {
  const service = services.find((each) => idOf(each) === `Service ${namespace}/${name}`)
  return textAt(
    listAt(service, 'spec', 'ports').find((each) => at(each, 'port') === port),
    'name',
  )
}

/** The external address of the Gateway. */
export const ADDRESS = '203.0.113.50'

/** Whether each service has an address and routes, all of them accepted by istiod as they are. */
function isSettled(snapshot: Snapshot, objects: readonly Written[]): boolean {
  const { httpRoutes: routes, inferenceServices, llmInferenceServices } = snapshot
  const owners = new Set(
    routes.map((route) => textAt(route, 'metadata', 'ownerReferences', 0, 'name')),
  )
  return (
    objects
      .filter(({ kind }) => /^(?:Inference(?:Service|Graph)|LLMInferenceService)$/.test(kind))
      .every(({ metadata }) => owners.has(metadata.name)) &&
    [...inferenceServices, ...llmInferenceServices].every(
      (service) => textAt(service, 'status', 'url') !== '',
    ) &&
    routes.every((route) =>
      hasAll(
        listAt(route, 'status', 'parents', 0, 'conditions'),
        (condition) =>
          textAt(condition, 'status') === 'True' &&
          at(condition, 'observedGeneration') === at(route, 'metadata', 'generation'),
      ),
    )
  )
}

const hasAll = <T>(values: readonly T[], test: (value: T) => boolean): boolean =>
  values.length > 0 && values.every(test)

/** The services behind a Kubernetes Service, `namespace/name`. */
export const ownersOf = (world: Pick<IstioWorld, 'snapshot'>, name: string) => {
  const [namespace = '', service = ''] = name.split('/')
  return ownersBehind(world.snapshot, 'Service', namespace, service)
}
