import type { Cluster } from '../cluster/cluster.ts'
import { listAt, textAt } from '../json.ts'

/** The objects of a cluster at one moment. */
export type Snapshot = {
  readonly inferenceServices: readonly unknown[]
  readonly inferenceGraphs: readonly unknown[]
  readonly llmInferenceServices: readonly unknown[]
  readonly llmConfigs: readonly unknown[]
  readonly httpRoutes: readonly unknown[]
  readonly ingresses: readonly unknown[]
  readonly gateways: readonly unknown[]
  readonly services: readonly unknown[]
  readonly inferencePools: readonly unknown[]
  readonly pods: readonly unknown[]
  readonly owners: readonly unknown[]
  readonly configMaps: readonly unknown[]
  readonly secrets: readonly unknown[]
}

const SERVING = '/apis/serving.kserve.io'
const GATEWAY = '/apis/gateway.networking.k8s.io/v1'

const PATHS: Readonly<Record<Exclude<keyof Snapshot, 'owners'>, string>> = {
  inferenceServices: `${SERVING}/v1beta1/inferenceservices`,
  inferenceGraphs: `${SERVING}/v1alpha1/inferencegraphs`,
  llmInferenceServices: `${SERVING}/v1alpha2/llminferenceservices`,
  llmConfigs: `${SERVING}/v1alpha2/llminferenceserviceconfigs`,
  httpRoutes: `${GATEWAY}/httproutes`,
  ingresses: '/apis/networking.k8s.io/v1/ingresses',
  gateways: `${GATEWAY}/gateways`,
  services: '/api/v1/services',
  inferencePools: '/apis/inference.networking.k8s.io/v1/inferencepools',
  pods: '/api/v1/pods',
  configMaps: '/api/v1/configmaps',
  secrets: '/api/v1/secrets',
}

const OWNERS = [
  '/apis/apps/v1/replicasets',
  '/apis/apps/v1/deployments',
  '/apis/leaderworkerset.x-k8s.io/v1/leaderworkersets',
]

export async function snapshotOf(cluster: Cluster): Promise<Snapshot> {
  const read = (path: string) => itemsAt(cluster, path)
  return {
    inferenceServices: await read(PATHS.inferenceServices),
    inferenceGraphs: await read(PATHS.inferenceGraphs),
    llmInferenceServices: await read(PATHS.llmInferenceServices),
    llmConfigs: await read(PATHS.llmConfigs),
    httpRoutes: await read(PATHS.httpRoutes),
    ingresses: await read(PATHS.ingresses),
    gateways: await read(PATHS.gateways),
    services: await read(PATHS.services),
    inferencePools: await read(PATHS.inferencePools),
    pods: await read(PATHS.pods),
    owners: (await Promise.all(OWNERS.map(read))).flat(),
    configMaps: await read(PATHS.configMaps),
    secrets: await read(PATHS.secrets),
  }
}

/** Items of a list have no kind; the list does. */
async function itemsAt({ get }: Cluster, path: string): Promise<readonly unknown[]> {
  const list = await get(path)
  const kind = textAt(list, 'kind').replace(/List$/, '')
  const apiVersion = textAt(list, 'apiVersion')
  return listAt(list, 'items').map((item) => ({ apiVersion, kind, ...Object(item) }))
}

/** `Kind namespace/name`. */
export const idOf = (object: unknown): string =>
  `${textAt(object, 'kind')} ${textAt(object, 'metadata', 'namespace')}/${textAt(object, 'metadata', 'name')}`
