import { foreignRoutes } from './foreign.ts'
import { gatewayPod, pretendedPods } from './gateway-pods.ts'
import { kserveRoutes } from './http-route.ts'
import { inferenceGraph } from './inference-graph.ts'
import { knativeService } from './knative-service.ts'
import { llmInferenceService } from './llm.ts'
import type { Llm } from './llm-facts.ts'
import type { Flavour, Good, Part, Route, Tenant, World } from './model.ts'
import type { Named } from './named.ts'
import { ownersRoutes } from './owners-routes.ts'
import { createRandom, type Random } from './random.ts'
import { gatewaysOf, knownOf, settingsOf } from './settings.ts'
import { standardService } from './standard-service.ts'
import { configMap, gatewayObject, keySecret } from './world-objects.ts'

const NAMESPACES = ['team', 'team-a', 'demo', 'fraud', 'ml'] as const
const SERVICES = ['iris', 'a-iris', 'fraud', 'x', 'sk'] as const
const LLMS = ['llama', 'chat', 'chat-v2', 'qwen', 'opt', 'code'] as const

/** A world: the same seed gives the same one. */
export function createWorld(seed: number): World {
  const random = createRandom(seed)
  const flavour: Flavour = random.chance(0.7) ? 'istio' : 'envoy-gateway'
  const settings = settingsOf(random)
  // A separate generator, so that a seed keeps the rest of its world.
  const known = knownOf(createRandom(seed + 7_777))
  const gateways = gatewaysOf(random, settings, known)
  const [ingress, second, external, local] = gateways
  const tenants = random
    .shuffled(NAMESPACES)
    .slice(0, 4)
    .map((namespace): Tenant => ({ namespace, key: `key-of-${namespace}-${seed}-not-a-secret` }))
  const named = (names: readonly string[], part: number, openPart: number) =>
    tenants.flatMap(({ namespace }) =>
      random
        .some(names, part)
        .map((name): Named => ({ namespace, name, open: random.chance(openPart) })),
    )
  const places = { settings, random, ingress, external, local }
  const plain = [
    ...named(SERVICES, 0.5, 0.6).map((each) =>
      (random.pick(settings.modes) === 'Knative' ? knativeService : standardService)(each, places),
    ),
    ...named(['graph'], 0.5, 0.5).map((each) => inferenceGraph(each, places)),
  ]
  const llms = [...named(LLMS, 0.4, 0.4), ...groupOf(tenants, random)]
  const others = {
    hosts: plain.flatMap(({ hosts }) => hosts),
    paths: llms.map(({ namespace, name }) => `/${namespace}/${name}`),
  }
  const llmGateways = [ingress, second] as const
  const models = llms.map((llm: Llm) =>
    llmInferenceService(llm, { settings, random, gateways: llmGateways, others }),
  )
  const parts = [...plain, ...models]
  const backends = parts.flatMap((part) => part.backends)
  const [first, ...rest] = backends
  const foreign =
    first === undefined ? [] : foreignRoutes({ random, gateways, backends: [first, ...rest] })
  const written = createRandom(seed + 555_555)
  const owners = written.chance(0.5)
    ? ownersRoutes({ random: written, gateways: llmGateways, backends, others })
    : []
  const made = asGroups(parts.flatMap((part) => part.routes))
  const routes = [
    ...made,
    ...foreign.map((each) => each.route),
    ...owners.flatMap((each) => each.routes),
  ]
  return {
    ...settings,
    seed,
    flavour,
    rawHeaders: random.chance(0.3),
    gateways,
    tenants,
    backends,
    routes,
    goods: [
      ...parts.flatMap((part) => part.goods).map((good) => toGroup(good, parts)),
      ...owners.flatMap((each) => each.goods),
    ],
    objects: [
      ...parts.flatMap((part) => part.objects),
      ...foreign.map((each) => each.object),
      ...owners.map((each) => each.object),
      ...(owners.length > 0 || written.chance(0.5) ? kserveRoutes(made, gateways) : []),
      configMap(settings),
      ...gateways.filter(({ api }) => api === 'gateway-api').map(gatewayObject),
      ...tenants.map(keySecret),
      ...gateways
        .filter(({ isKnown, id }) => isKnown && id !== 'local')
        .map((each) => gatewayPod(flavour, each)),
      ...tenants.slice(0, 1).flatMap(({ namespace }) => pretendedPods(namespace, second)),
    ],
    ...hostsOf(parts),
  }
}

/** Two or three services of one group, of which one may be stopped. */
function groupOf(tenants: readonly Tenant[], random: Random): readonly Llm[] {
  const tenant = random.pick(tenants)
  if (tenant === undefined || random.chance(0.5)) return []
  const stopped = random.chance(0.3)
  return ['v1', 'v2'].map((version, index) => ({
    namespace: tenant.namespace,
    name: `group-${version}`,
    open: random.chance(0.5),
    group: { name: 'group-model', stopped: stopped && index === 0 },
  }))
}

/** Requests for the model of a group go to any of its running members. */
function asGroups(routes: readonly Route[]): readonly Route[] {
  const shared = routes.filter(
    ({ traits, kind }) => traits.includes('group') && kind !== 'path of an LLM',
  )
  return routes.map((route) =>
    shared.includes(route)
      ? {
          ...route,
          backends: shared
            .filter(({ kind }) => kind === route.kind)
            .flatMap(({ backends }) => backends),
        }
      : route,
  )
}

/** Requests for the model of a group may reach any member: the caller needs permission for all. */
function toGroup(good: Good, parts: readonly Part[]): Good {
  const { name } = good
  if (name === undefined || !good.kind.endsWith('in a group')) return good
  const members = parts.filter(({ names, goods }) => names.includes(name) && goods.length > 0)
  return { ...good, backends: members.flatMap(({ backends }) => backends) }
}

function hostsOf(parts: readonly Part[]): Pick<World, 'hosts' | 'contested'> {
  const counts = new Map<string, number>()
  for (const { hosts, names } of parts)
    for (const each of new Set([...hosts, ...names])) counts.set(each, (counts.get(each) ?? 0) + 1)
  const contested = [
    ...[...counts].filter(([, count]) => count > 1).map(([each]) => each),
    ...parts.flatMap(({ wholeHosts = [] }) => wholeHosts),
  ]
  return { hosts: new Set(parts.flatMap(({ hosts }) => hosts)), contested: new Set(contested) }
}
