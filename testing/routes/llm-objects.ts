import { acceptedBy, inGatewayApi } from './http-route.ts'
import { type Facts, type LlmPlaces, placesOf, publisher } from './llm-facts.ts'
import { ENABLE_AUTH } from './named.ts'

const API = 'serving.kserve.io/v1alpha2'

function addressesOf(facts: Facts, { settings }: LlmPlaces): readonly object[] {
  const { llm, model, adapters, own } = facts
  const long = [model, ...adapters].map((name) => publisher(facts, name))
  const models = [...long, model, ...adapters].map((name) => ({ name }))
  const at = (path: string) =>
    placesOf(facts).map(({ host, gateway: { namespace, name } }) => ({
      name: 'gateway-external',
      models,
      origin: { group: 'gateway.networking.k8s.io', kind: 'Gateway', name, namespace },
      url: `http://${host}${path}`,
    }))
  if (own !== undefined) {
    const paths = own.flatMap(({ matches }) => matches.map(({ path }) => path.value))
    return [...new Set(settings.fullStatus ? paths : paths.slice(0, 1))].flatMap(at)
  }
  const main = at(`/${llm.namespace}/${llm.name}`)
  const byHeader = at('/').map((address) => ({
    ...address,
    name: 'gateway-external-model-routing',
    models: long.map((name) => ({ name })),
  }))
  return [...byHeader, ...main, ...at(`/${publisher(facts, model)}`)]
}

export function* objectsOf(facts: Facts, places: LlmPlaces): Generator<object> {
  const { llm, model, fromBaseRef, adapters, own, byReference, parents, hostnames } = facts
  const { namespace, name, open, group } = llm
  const addresses = addressesOf(facts, places)
  const parentRefs = parents.map((each) => ({ name: each.name, namespace: each.namespace }))
  const rules = own?.map(({ matches }) => ({
    matches: matches.map(inGatewayApi),
    backendRefs: [{ kind: 'Service', name: `${name}-kserve-workload-svc`, port: 8000 }],
  }))
  const spec = {
    parentRefs,
    ...(hostnames.length === 0 ? {} : { hostnames }),
    ...(rules === undefined ? {} : { rules }),
  }
  const isDefault = parents.length === 1 && parents[0] === places.gateways[0]
  const reference = { name: `${name}-own`, namespace }
  const http = byReference
    ? { http: { refs: [reference] } }
    : own !== undefined || hostnames.length > 0 || !isDefault
      ? { http: { spec } }
      : {}
  if (byReference)
    yield {
      apiVersion: 'gateway.networking.k8s.io/v1',
      kind: 'HTTPRoute',
      metadata: { ...reference, generation: 3 },
      spec,
      status: { parents: parentRefs.map(acceptedBy) },
    }
  if (fromBaseRef)
    yield {
      apiVersion: API,
      kind: 'LLMInferenceServiceConfig',
      metadata: { name: `${name}-base`, namespace },
      spec: { model: { name: model, uri: 'hf://acme/any' } },
    }
  const baseRefs = fromBaseRef ? { baseRefs: [{ name: `${name}-base` }] } : {}
  const routing = group === undefined ? {} : { 'serving.kserve.io/routing-group': group.name }
  const stop = group?.stopped === true ? { 'serving.kserve.io/stop': 'true' } : {}
  yield {
    apiVersion: API,
    kind: 'LLMInferenceService',
    metadata: {
      name,
      namespace,
      labels: routing,
      annotations: { ...(open ? { [ENABLE_AUTH]: 'false' } : {}), ...stop },
    },
    spec: {
      ...baseRefs,
      model: {
        uri: 'hf://acme/any',
        ...(fromBaseRef || model === name ? {} : { name: model }),
        ...(adapters.length === 0
          ? {}
          : { lora: { adapters: adapters.map((each) => ({ name: each, uri: 'hf://acme/l' })) } }),
      },
      router: {
        route: group === undefined ? http : { group: group.name, weight: 9 },
        // A group has no spec of a route that could name them.
        gateway: group === undefined || isDefault ? {} : { refs: parentRefs },
        scheduler: {},
      },
    },
    status: {
      url: firstUrl(addresses, 'gateway-external'),
      ...(group?.stopped === true ? {} : { addresses }),
    },
  }
}

const firstUrl = (addresses: readonly object[], name: string) =>
  addresses.flatMap((each) =>
    'url' in each && 'name' in each && each.name === name ? [each.url] : [],
  )[0]
