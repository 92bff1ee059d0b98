// Reads LLMInferenceServices.

import type { Route, RoutingGroup, Service } from '../access/service.ts'
import { declaredRoutes, raiseDeclaredElsewhere } from './declared-routes.ts'
import { type Attachment, gatewaysOfLlm } from './gateways.ts'
import { type LlmConfig, MAX_BASES, MAX_REFS, readLlmConfig } from './llm-config.ts'
import { type Models, readModels } from './llm-models.ts'
import { foreignRoutes, hostnamesOf, ownRouteRoutes, publishedPaths } from './llm-routes.ts'
import { type Fields, type KubernetesObject, listAt, textAt, valueAt } from './object.ts'
import { readOwnerAnnotations } from './owner-annotations.ts'
import type { Raise } from './problem.ts'
import type { ReadSettings } from './read-settings.ts'
import { boundedRoutes, clusterRoutes, pathRoute, readUrl } from './routes.ts'
import { isModelRouting, statusUrls } from './status-urls.ts'

/**
 * Reads a `serving.kserve.io` LLMInferenceService. Gateways route it by path and model header on shared
 * hosts, so its routes are paths on any host. It has a whole host only by a route of its own.
 */
export function readLlmInferenceService(
  object: KubernetesObject,
  settings: ReadSettings,
  raise: Raise,
): Service {
  const { namespace, name } = object
  const config = mergedConfig(object, settings)
  const models = readModels(object, config, raise)
  const attachment = gatewaysOfLlm(object, config, settings)
  const { routes, hosts, paths, declared } = addressesOf(object, config, {
    attachment,
    settings,
    raise,
  })
  raiseDeclaredElsewhere(object, routes, settings, raise)
  const ownRules = config.route !== undefined && hasRules(config.route)
  const named = (written: readonly string[]) =>
    written.flatMap((path) => {
      const route = pathRoute(path, ownRules ? 'shared' : 'published')
      if (route === undefined) return []
      // Not every version of KServe has every path, and none has those of adapters.
      return paths.has(path) ? route : { ...route, by: 'unread' as const }
    })
  return {
    kind: 'LLMInferenceService',
    namespace,
    name,
    ...readOwnerAnnotations(object, true, settings, raise),
    routes: boundedRoutes(
      [
        ...named([`/${namespace}/${name}`]),
        ...clusterRoutes(`${name}-kserve-workload-svc`, namespace, 'unrouted-name'),
        ...routes,
        // If some of these are cut, requests for them are denied as unknown paths under /publishers/.
        ...named(models.paths),
      ],
      raise,
    ),
    models: models.names,
    modelsRouted: !ownRules,
    ...(models.routes === undefined || ownRules ? {} : { modelRoutes: models.routes }),
    ...groupOf(object, config, models),
    hosts,
    // Problems of hostnames are raised with the route.
    hostnames: hostnamesOf(config.route ?? {}, () => {}).filter((host) => hosts.includes(host)),
    ...attachment,
    ...(declared ? {} : referencesIn(config)),
  }
}

/** The HTTPRoutes that it names, if it has no rules of its own. */
function referencesIn({ routes }: LlmConfig): Pick<Service, 'httpRoutes'> {
  const refs = routes.flatMap((route) => listAt(route, 'refs'))
  const isOnlyNamed = routes.every((route) => listAt(route, 'spec', 'rules').length === 0)
  if (!isOnlyNamed || refs.length === 0 || refs.length > MAX_REFS) return {}
  return { httpRoutes: refs.map((ref) => textAt(ref, 'name') ?? '') }
}

/** Merges `spec.baseRefs` in order, with the service on top. */
function mergedConfig(
  { namespace, content }: KubernetesObject,
  { llmConfig }: ReadSettings,
): LlmConfig {
  const bases = listAt(content, 'spec', 'baseRefs')
    .slice(0, MAX_BASES)
    .flatMap((ref) => llmConfig?.(namespace, textAt(ref, 'name') ?? '') ?? [])
  const layers = [readLlmConfig(content), ...bases.toReversed()]
  return {
    model: layers.find(({ model }) => model !== undefined)?.model,
    adapters: [...new Set(layers.flatMap(({ adapters }) => adapters))],
    route: layers.find(({ route }) => route !== undefined)?.route,
    gatewayRefs: layers.flatMap(({ gatewayRefs }) => gatewayRefs),
    routes: layers.flatMap(({ routes }) => routes),
    group: layers.find(({ group }) => group !== undefined)?.group,
  }
}

/**
 * KServe finds the other members by their own objects, without base configurations, and gives no requests to a
 * member without a weight. It ignores the label of the group.
 */
function groupOf(
  { content }: KubernetesObject,
  { group }: LlmConfig,
  { names }: Models,
): { readonly group?: RoutingGroup } {
  if (group === undefined) return {}
  const weight = valueAt(content, 'spec', 'router', 'route', 'weight')
  const isMember = readLlmConfig(content).group === group
  const hasShare = typeof weight === 'number' && weight > 0
  return { group: { name: group, routed: isMember && hasShare && names.length > 0 } }
}

/** Whether its own route replaces KServe's. */
const hasRules = (route: Fields): boolean =>
  listAt(route, 'refs').length > 0 || listAt(route, 'spec', 'rules').length > 0

type Reading = {
  readonly attachment: Attachment
  readonly settings: ReadSettings
  readonly raise: Raise
}
type Addresses = {
  readonly routes: readonly Route[]
  readonly hosts: readonly string[]
  /** The paths of its status. */
  readonly paths: ReadonlySet<string>
  /** Whether the installation's configuration declares hosts of it. */
  readonly declared: boolean
}

/** Its addresses: from its status, its own route and the installation's configuration. */
function addressesOf(
  object: KubernetesObject,
  { route }: LlmConfig,
  { attachment, settings, raise }: Reading,
): Addresses {
  const urls = statusUrls(object.content).flatMap((each) => {
    const url = readUrl(each, raise)
    return url === undefined ? [] : [{ ...url, byModel: isModelRouting(each.name) }]
  })
  const declared = declaredRoutes(object, settings)
  const foreign = route !== undefined && listAt(route, 'refs').length > 0
  const routed = [...new Set(urls.filter(({ byModel }) => !byModel).map(({ host }) => host))]
  const published = [...new Set(urls.map(({ host }) => host))]
  return {
    declared: declared.length > 0,
    routes: [
      ...declared,
      ...(route === undefined ? [] : ownRouteRoutes(route, routed, published, attachment, raise)),
      ...(foreign ? foreignRoutes(routed) : []),
      // If the rules are known, these paths would ignore the rules' conditions.
      ...(foreign || listAt(route, 'spec', 'rules').length === 0 ? publishedPaths(urls) : []),
    ],
    hosts: [...new Set([...published, ...declared.flatMap(({ host }) => host ?? [])])],
    paths: new Set(urls.map(({ path }) => path)),
  }
}
