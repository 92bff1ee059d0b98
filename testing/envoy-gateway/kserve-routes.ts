import { at, listAt, textAt } from '../json.ts'
import { PARENT } from './objects.ts'

/** Ports of a component's Service. */
const HTTP_PORT = 80
export const GRPC_PORT = 8_081

/**
 * The HTTPRoute that KServe 0.20 makes for an InferenceService in Standard mode, which the service also reads, with
 * a rule for gRPC before it. It leads to the transformer if there is one.
 */
export function routeOf(service: unknown) {
  const [namespace, name] = [
    textAt(service, 'metadata', 'namespace'),
    textAt(service, 'metadata', 'name'),
  ]
  const component = at(service, 'spec', 'transformer') === undefined ? 'predictor' : 'transformer'
  const backendRefs = (port: number) => [
    { group: '', kind: 'Service', namespace, name: `${name}-${component}`, port, weight: 1 },
  ]
  return {
    apiVersion: 'gateway.networking.k8s.io/v1',
    kind: 'HTTPRoute',
    metadata: {
      namespace,
      name,
      ownerReferences: [
        {
          apiVersion: 'serving.kserve.io/v1beta1',
          kind: 'InferenceService',
          name,
          uid: textAt(service, 'metadata', 'uid') || `uid-of-${name}`,
          controller: true,
          blockOwnerDeletion: true,
        },
      ],
    },
    spec: {
      parentRefs: [PARENT],
      hostnames: [new URL(textAt(service, 'status', 'url')).hostname],
      rules: [
        {
          matches: [
            { path: { type: 'Exact', value: '/inference.GRPCInferenceService/ModelInfer' } },
          ],
          backendRefs: backendRefs(GRPC_PORT),
        },
        {
          matches: [{ path: { type: 'RegularExpression', value: '^/.*$' } }],
          backendRefs: backendRefs(HTTP_PORT),
          filters: [
            {
              type: 'RequestHeaderModifier',
              requestHeaderModifier: {
                set: [
                  { name: 'KServe-Isvc-Name', value: name },
                  { name: 'KServe-Isvc-Namespace', value: namespace },
                ],
              },
            },
          ],
        },
      ],
    },
  }
}

/** The names and ports of the Services that routes lead to, without duplicates. */
export function servicesOf(routes: readonly object[]) {
  const refs = routes.flatMap((route) =>
    listAt(route, 'spec', 'rules')
      .flatMap((rule) => [
        ...listAt(rule, 'backendRefs'),
        ...listAt(rule, 'filters').flatMap(
          (filter) => at(filter, 'requestMirror', 'backendRef') ?? [],
        ),
      ])
      .map((ref) => ({
        namespace: textAt(ref, 'namespace') || textAt(route, 'metadata', 'namespace'),
        name: textAt(ref, 'name'),
        port: Number(at(ref, 'port') ?? HTTP_PORT),
      })),
  )
  return [...new Map(refs.map((ref) => [JSON.stringify(ref), ref])).values()]
}
