import { cp, mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { textAt } from '../json.ts'
import { startPod } from '../scenario/pod.ts'
import { type Service, startService } from '../service.ts'
import { routeOf, servicesOf } from './kserve-routes.ts'
import { llmRouteOf } from './llm-route.ts'
import { aBackend, gatewayObjects, withBackends } from './objects.ts'
import { type EnvoyGateway, startEnvoyGateway } from './start.ts'

/** The routes that KServe makes for these objects. */
export const kserveRoutes = (objects: readonly unknown[]): readonly object[] =>
  objects.flatMap((object) => {
    const kind = textAt(object, 'kind')
    if (kind === 'LLMInferenceService') return llmRouteOf(object)
    return kind === 'InferenceService' && textAt(object, 'status', 'url') !== ''
      ? routeOf(object)
      : []
  })

type Start = {
  /** Copied, so that tests may write to it. */
  readonly manifests: string
  readonly routes: readonly object[]
  /** Other objects for Envoy Gateway. */
  readonly others?: readonly object[]
  /** An Envoy Gateway of another world, which is not stopped with this one. */
  readonly gateway?: EnvoyGateway
  /** Configuration of the service. */
  readonly config?: object
  /** The port that Envoy calls instead of the service, given the service's port. */
  readonly askAt?: (port: number) => Promise<number>
}

type Pod = Awaited<ReturnType<typeof startPod>>

export type GatewayWorld = Awaited<ReturnType<typeof startGatewayWorld>>

/** A folder with its service, Envoy Gateway, and a pod for each Kubernetes Service of the routes. */
export async function startGatewayWorld({
  manifests,
  routes,
  gateway: given,
  askAt,
  config,
  others = [],
}: Start) {
  const stops: (() => Promise<void>)[] = []
  const stop = async () => {
    for (const each of stops.splice(0).toReversed()) await each()
  }
  try {
    const folder = await mkdtemp(path.join(tmpdir(), 'gateway-world-'))
    stops.push(() => rm(folder, { recursive: true, force: true }))
    await cp(manifests, folder, { recursive: true })
    const tell = async (routes: readonly object[]) => {
      const text = routes.map((route) => JSON.stringify(route)).join('\n---\n') || '# none'
      await writeFile(path.join(folder, '.routes.yaml.new'), text)
      await rename(path.join(folder, '.routes.yaml.new'), path.join(folder, 'routes.yaml'))
    }
    await tell(routes)
    let service: Service = await startService({ folder, config })
    stops.push(() => service.stop())
    const { grpcPort, grpcWorkloadPort } = service
    const authz = askAt === undefined ? grpcPort : await askAt(grpcPort)
    const pods = new Map<string, Pod>()
    const podOf = async (name: string): Promise<Pod> => {
      const pod = pods.get(name) ?? (await startPod())
      if (!pods.has(name)) stops.push(pod.close)
      pods.set(name, pod)
      return pod
    }
    const objectsOf = async (
      routes: readonly object[],
      others: readonly object[],
      askedAt = authz,
    ) => [
      ...(await gatewayObjects(askedAt)),
      ...routes.map(withBackends),
      ...(await Promise.all(
        servicesOf(routes).map(async ({ namespace, name, port }) =>
          aBackend(namespace, `${name}-${port}`, (await podOf(`${namespace}/${name}`)).httpPort),
        ),
      )),
      ...others,
    ]
    const gateway = given ?? (await startEnvoyGateway(await objectsOf(routes, others)))
    if (given === undefined) stops.push(gateway.stop)
    else await gateway.apply(await objectsOf(routes, others))
    return {
      address: gateway.address,
      port: gateway.port,
      service: () => service,
      /** Another process on the same ports; the previous one must have ended. */
      restartService: async () => {
        await service.stop()
        service = await startService({
          folder,
          config,
          port: grpcPort,
          workloadPort: grpcWorkloadPort,
        })
      },
      /** The requests that reached the pods of a Kubernetes Service, `namespace/name`. */
      received: (name: string) => pods.get(name)?.received() ?? [],
      /** Gives the service and Envoy Gateway other routes; resolves once Envoy has them. */
      reroute: async (
        routes: readonly object[],
        more: readonly object[] = [],
        askedAt?: number,
      ) => {
        const objects = await objectsOf(routes, [...others, ...more], askedAt)
        await tell(routes)
        await gateway.apply(objects)
      },
      stop,
    }
  } catch (fault) {
    await stop()
    throw fault
  }
}
