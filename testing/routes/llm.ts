import { type Facts, factsOf, hostsOf, type Llm, type LlmPlaces, publisher } from './llm-facts.ts'
import { objectsOf } from './llm-objects.ts'
import { routesOf } from './llm-routes.ts'
import type { Good, HeaderLine, Part, Route } from './model.ts'

/** An LLMInferenceService with its route and status as KServe 0.20 makes them. */
export function llmInferenceService(llm: Llm, places: LlmPlaces): Part {
  const facts = factsOf(llm, places)
  const routes = routesOf(facts, places)
  return {
    backends: [facts.backend],
    objects: [...objectsOf(facts, places)],
    routes,
    goods: goodsOf(facts, places, routes),
    hosts: facts.hostnames,
    wholeHosts: takesAll(routes) ? hostsOf(facts) : [],
    names: [facts.model, ...facts.adapters].map((name) => publisher(facts, name)),
  }
}

const takesAll = (routes: readonly Route[]) =>
  routes.some(({ matches }) =>
    matches.some(({ path, headers = [] }) => path.value === '/' && headers.length === 0),
  )

function goodsOf(facts: Facts, { settings }: LlmPlaces, routes: readonly Route[]): Good[] {
  const { llm, backend, model, adapters, own, parents, byReference } = facts
  const [gateway] = parents
  const [host] = hostsOf(facts)
  if (gateway === undefined || host === undefined || llm.group?.stopped === true) return []
  const good = (
    kind: string,
    path: string,
    headers: readonly HeaderLine[] = [],
    name?: string,
  ): Good => ({
    ...(name === undefined ? {} : { name }),
    kind: llm.group === undefined ? kind : `${kind}, in a group`,
    gateway: gateway.id,
    host,
    path,
    method: 'POST',
    headers,
    backends: [backend],
  })
  if (own !== undefined) {
    if (byReference) return []
    return routes
      .filter(({ traits }) => !traits.includes('hostile path'))
      .flatMap(({ matches }) => matches)
      .filter(({ path, method }) => path.type !== 'RegularExpression' && method === undefined)
      .filter(({ query = [] }) => query.length === 0)
      .map(({ path, headers = [] }) =>
        good(
          ownKind(path.value, headers),
          path.value,
          headers.map(({ name, value }) => [name, value]),
        ),
      )
  }
  const long = (name: string) => publisher(facts, name)
  const named = (name: string) => [settings.modelHeader, long(name)] as const
  const main = long(model)
  const ownPath = `/${llm.namespace}/${llm.name}`
  return [
    good('path of an LLM', `${ownPath}/v1/chat/completions`),
    good('path of an LLM and header', `${ownPath}/v1/completions`, [named(model)]),
    good("publisher's path", `/${main}/v1/chat/completions`, [], main),
    good('model header', '/v1/chat/completions', [named(model)], main),
    good('model header, any path', '/tokenize', [named(model)], main),
    ...adapters.map((each) =>
      good("an adapter's header", '/v1/chat/completions', [named(each)], long(each)),
    ),
  ]
}

const ownKind = (path: string, headers: readonly unknown[]) => {
  if (headers.length > 0) return 'own route by a header'
  return path === '/' ? 'own route of a whole host' : 'own route'
}
