import type { Backend, Gateway, Match, Route } from './model.ts'

type Made = {
  readonly parents: readonly Gateway[]
  /** Whether its status says that its gateways have accepted it. */
  readonly accepted: boolean
  readonly owner?: Backend
}

/** An HTTPRoute as an object: one rule for each of the routes, which have the same hostnames and namespace. */
export function httpRoute(
  name: string,
  routes: readonly [Route, ...Route[]],
  { parents, accepted, owner }: Made,
) {
  const [{ hostnames, backends }] = routes
  const refs = parents.map((each) => ({ name: each.name, namespace: each.namespace }))
  return {
    apiVersion: 'gateway.networking.k8s.io/v1',
    kind: 'HTTPRoute',
    metadata: {
      name,
      namespace: backends[0]?.namespace,
      generation: 3,
      ...(owner === undefined ? {} : { ownerReferences: [ownedBy(owner)] }),
    },
    spec: {
      parentRefs: refs,
      ...(hostnames.length === 0 ? {} : { hostnames }),
      rules: routes.map((route) => ({
        matches: route.matches.map(inGatewayApi),
        backendRefs: route.backends.map(backendRef),
      })),
    },
    ...(accepted ? { status: { parents: refs.map(acceptedBy) } } : {}),
  }
}

/** An entry of `status.parents` for generation 3. */
export const acceptedBy = (parentRef: object) => ({
  parentRef,
  controllerName: 'example.com/any',
  conditions: [{ type: 'Accepted', status: 'True', observedGeneration: 3 }],
})

const ownedBy = ({ kind, name }: Backend) => ({
  apiVersion: 'serving.kserve.io/v1beta1',
  kind,
  name,
  controller: true,
})

const SUFFIXES = {
  InferenceService: '-predictor',
  InferenceGraph: '',
  LLMInferenceService: '-kserve-workload-svc',
} as const

const backendRef = ({ kind, namespace, name }: Backend) => ({
  name: `${name}${SUFFIXES[kind]}`,
  namespace,
  port: 80,
})

export const inGatewayApi = ({ path, method, headers = [], query = [] }: Match) => ({
  path,
  ...(method === undefined ? {} : { method }),
  ...(headers.length === 0 ? {} : { headers }),
  ...(query.length === 0 ? {} : { queryParams: query }),
})

/** The HTTPRoutes of KServe's controllers as objects: of each service and hostnames one. */
export function kserveRoutes(routes: readonly Route[], gateways: readonly Gateway[]) {
  const byObject = new Map<string, [Route, ...Route[]]>()
  for (const route of routes) {
    const [owner] = route.backends
    if (route.source !== 'HTTPRoute' || route.kind === 'route by reference') continue
    if (owner === undefined || route.backends.some(({ kind }) => kind !== owner.kind)) continue
    const key = JSON.stringify([
      owner.id,
      route.hostnames,
      route.gateways,
      route.traits[0] === 'group',
    ])
    const others = byObject.get(key)
    if (others === undefined) byObject.set(key, [route])
    else others.push(route)
  }
  return [...byObject.values()].map((each, index) => {
    const [{ backends, gateways: ids }] = each
    const [owner] = backends
    return httpRoute(`kserve-${index}-${owner?.name}`, each, {
      parents: gateways.filter(({ id }) => ids.includes(id)),
      accepted: true,
      ...(owner === undefined ? {} : { owner }),
    })
  })
}
