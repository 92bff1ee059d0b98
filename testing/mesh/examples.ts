import type { Written } from '../cluster/client.ts'
import type { Cluster } from '../cluster/cluster.ts'
import { applyObjects, applyTokens, documentsIn, isToken, manifestsOf } from '../cluster/example.ts'
import { listAt, textAt } from '../json.ts'
import { INGRESS, MUTUAL } from './gateways.ts'
import { destination, virtualService } from './objects.ts'
import { GRPC_PORT, type PodSpec } from './pods.ts'

export type MeshExample = Awaited<ReturnType<typeof readMeshExample>>

/** The manifests of an example in a mesh: its pods have sidecars, and addresses of the mesh. */
export async function readMeshExample(example: string) {
  const documents = await documentsIn(await manifestsOf(example))
  const pods = documents.filter((each) => textAt(each, 'kind') === 'Pod')
  const others = documents.filter((each) => textAt(each, 'kind') !== 'Pod')
  const names = new Map(pods.map((pod) => [textAt(pod, 'status', 'podIP'), nameOf(pod)] as const))
  return {
    pods: Object.fromEntries(pods.map((pod) => [nameOf(pod), specOf(pod)] as const)),
    namespaces: [...new Set(others.map((each) => textAt(each, 'metadata', 'namespace')))],
    routes: others.filter(isService).map((service) => routeTo(service, pods)),
    /** The pod with this address in the manifests. */
    podAt: (address: string): string | undefined => names.get(address),
    /** Restores everything as written, except for tokens. */
    apply: (cluster: Cluster) =>
      applyObjects(
        cluster,
        others.filter((each) => !isToken(each)),
      ),
    /** Gives token Secrets real tokens: resolves with these, by their placeholders in the manifests. */
    applyTokens: async (cluster: Cluster, namespace: string) => {
      const tokens = await applyTokens(cluster, namespace, others)
      return new Map(
        others.filter(isToken).map((each) => [textIn(each), tokens.get(nameOf(each)) ?? '']),
      )
    },
  }
}

const nameOf = (object: unknown) => textAt(object, 'metadata', 'name')

const textIn = (secret: unknown) =>
  Buffer.from(textAt(secret, 'data', 'token'), 'base64').toString()

const isService = (object: unknown) => textAt(object, 'kind') === 'InferenceService'

const labelOf = (pod: unknown, label: string) => textAt(pod, 'metadata', 'labels', label)

const specOf = (pod: unknown): PodSpec => ({
  namespace: textAt(pod, 'metadata', 'namespace'),
  labels: {
    'serving.kserve.io/inferenceservice': labelOf(pod, 'serving.kserve.io/inferenceservice'),
    component: labelOf(pod, 'component'),
  },
  serviceAccount: textAt(pod, 'spec', 'serviceAccountName') || 'default',
  sidecar: listAt(pod, 'spec', 'containers').some((each) => textAt(each, 'name') === 'istio-proxy'),
})

/** Like KServe's routes: to the transformer if there is one. */
function routeTo(service: unknown, pods: readonly unknown[]): Written {
  const name = nameOf(service)
  const namespace = textAt(service, 'metadata', 'namespace')
  const own = pods.filter((pod) => labelOf(pod, 'serving.kserve.io/inferenceservice') === name)
  const of = (component: string) => own.find((pod) => labelOf(pod, 'component') === component)
  const host = `${nameOf(of('transformer') ?? of('predictor'))}.${namespace}.svc.cluster.local`
  return virtualService(namespace, name, {
    hosts: [new URL(textAt(service, 'status', 'url')).hostname],
    gateways: [INGRESS, MUTUAL],
    http: [
      { match: [{ uri: { prefix: '/inference.' } }], route: [destination(host, GRPC_PORT)] },
      { route: [destination(host)] },
    ],
  })
}
