// Lists the objects that the doctor examines from the API server.

import { describeApiProblem, isForbidden } from '../kubernetes/client/api-problem.ts'
import type { ApiServer } from '../kubernetes/client/api-server.ts'
import { listAll } from '../kubernetes/watch/list-all.ts'
import type { ReadLimits } from '../kubernetes/watch/list-watch.ts'
import {
  collectionOf,
  GUARD_COLLECTIONS,
  podsIn,
  policyCollections,
  routeCollections,
  serviceCollections,
  type WatchedKind,
} from '../kubernetes/watch/watched-kinds.ts'
import { GATEWAY_LABELS } from '../resources/gateway-pod.ts'
import { servingSecrets } from './certificates.ts'
import { nodesOf } from './clock.ts'
import { type Objects, OWN_LABEL, objectsFrom } from './objects.ts'

const ALL = { namespaces: [], apiKeyLabels: {} }
const OWN = { labelSelector: OWN_LABEL.join('=') }

/** Every examined kind but Secrets and Leases; what the service itself watches is listed in the same way. */
export const COLLECTIONS: readonly WatchedKind[] = [
  ...serviceCollections(ALL),
  ...policyCollections(ALL),
  ...podsIn(undefined),
  { ...collectionOf('Pod', undefined, ['v1']), query: OWN },
  ...GATEWAY_LABELS.map((labelSelector) => ({
    ...collectionOf('Pod', undefined, ['v1']),
    query: { labelSelector },
  })),
  { ...collectionOf('Namespace', undefined, ['v1']), metadataOnly: true },
  // The addresses of the API server.
  {
    ...collectionOf('Service', 'default', ['v1']),
    query: { fieldSelector: 'metadata.name=kubernetes' },
  },
  {
    ...collectionOf('EndpointSlice', 'default', ['discovery.k8s.io/v1']),
    query: { labelSelector: 'kubernetes.io/service-name=kubernetes' },
  },
  ...routeCollections(ALL),
  { ...collectionOf('Service', undefined, ['v1']), query: OWN },
  { ...collectionOf('Deployment', undefined, ['apps/v1']), query: OWN },
  { ...collectionOf('Deployment', undefined, ['apps/v1']), query: { labelSelector: 'app=istiod' } },
  {
    ...collectionOf('ConfigMap', undefined, ['v1']),
    query: { fieldSelector: 'metadata.name=istio' },
  },
  // Those of revisions, such as istio-1-30.
  {
    ...collectionOf('ConfigMap', undefined, ['v1']),
    query: { labelSelector: 'istio.io/rev', fieldSelector: 'metadata.name!=istio' },
  },
  collectionOf('NetworkPolicy', undefined, ['networking.k8s.io/v1'], 'networkpolicies'),
  ...GUARD_COLLECTIONS,
  collectionOf('Sidecar', undefined, ['networking.istio.io/v1', 'networking.istio.io/v1beta1']),
  collectionOf('EnvoyFilter', undefined, ['networking.istio.io/v1alpha3']),
  collectionOf(
    'BackendTLSPolicy',
    undefined,
    ['gateway.networking.k8s.io/v1', 'gateway.networking.k8s.io/v1alpha3'],
    'backendtlspolicies',
  ),
  collectionOf('Gateway', undefined, [
    'gateway.networking.k8s.io/v1',
    'gateway.networking.k8s.io/v1beta1',
  ]),
]

/** Of all Secrets only those with the certificate of the service. */
const secretsOf = (objects: Objects, certFile: string | undefined): readonly WatchedKind[] =>
  servingSecrets(objects, certFile).map(({ namespace, name }) => ({
    ...collectionOf('Secret', namespace, ['v1']),
    query: { fieldSelector: `metadata.name=${name}` },
  }))

/** The Leases of the nodes on which replicas run. */
const leasesOf = (objects: Objects): readonly WatchedKind[] =>
  nodesOf(objects).map((node) => ({
    ...collectionOf('Lease', 'kube-node-lease', ['coordination.k8s.io/v1']),
    query: { fieldSelector: `metadata.name=${node}` },
  }))

/** Rejects if the API server cannot be reached or does not accept the credentials. */
export async function readCluster(
  api: Pick<ApiServer, 'send'>,
  limits: Pick<ReadLimits, 'requestMs' | 'signal'>,
  certFile: string | undefined,
): Promise<Objects> {
  const unread = new Map<string, string>()
  const listed = async (collections: readonly WatchedKind[]) => {
    const lists = collections.map(async (collection) => {
      try {
        return await listAll(api, collection, limits)
      } catch (error) {
        if (!isForbidden(error)) throw error
        unread.set(collection.kind, describeApiProblem(error, `list ${collection.resource}`))
        return []
      }
    })
    return (await Promise.all(lists)).flat()
  }
  const contents = await listed(COLLECTIONS)
  const objects = objectsFrom(contents)
  const further = await listed([...secretsOf(objects, certFile), ...leasesOf(objects)])
  return objectsFrom([...contents, ...further], unread)
}
