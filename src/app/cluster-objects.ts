// Composes the watches of services, pods, keys, policies and gateways.

import type { Directory } from '../access/directory.ts'
import type { Fact } from '../access/freshness.ts'
import type { ServiceRef } from '../access/service.ts'
import type { Config } from '../config/read-config.ts'
import {
  createDirectoryWriter,
  type DirectoryWriter,
} from '../kubernetes/watch/directory-writer.ts'
import type { InformerOptions, InformerSpec, InformerState } from '../kubernetes/watch/informers.ts'
import { createKserveConfiguration } from '../kubernetes/watch/kserve-configuration.ts'
import { createLlmConfigs } from '../kubernetes/watch/llm-configs.ts'
import {
  configurationCollection,
  gatewayCollections,
  holdingCollections,
  llmConfigCollections,
  policyCollections,
  routeCollections,
  serviceCollections,
  type WatchedKind,
} from '../kubernetes/watch/watched-kinds.ts'
import { declaredInVain } from '../resources/declared-routes.ts'
import type { Fields } from '../resources/object.ts'
import type { Problem } from '../resources/problem.ts'
import type { ReadSettings } from '../resources/read-settings.ts'

type ClusterObjectsParts = {
  readonly directory: Directory
  readonly settings: ReadSettings
  readonly config: Config
  /** Whether objects outside the watched namespaces are read as far as permissions allow. */
  readonly partial?: boolean
  /** `object`: the object with the problem. */
  readonly report: (problem: Problem, object?: Fields) => void
  /** Called when services have to be read again. */
  readonly changed: () => void
}

type ClusterObjects = Pick<InformerOptions, 'configuration'> & {
  readonly followed: readonly InformerSpec[]
  readonly configured: readonly InformerSpec[]
}

/** Watches the objects that declare services, their addresses, keys and policies. */
export function followObjects({
  directory,
  settings,
  config,
  partial = false,
  report,
  changed,
}: ClusterObjectsParts): ClusterObjects {
  const { kubernetes, apiKeys, gateways } = config
  const kserve = createKserveConfiguration({
    kserveNamespace: kubernetes.kserveNamespace,
    modelHeaders: directory.modelHeaders,
    report,
    changed,
  })
  const kept: DirectoryWriter[] = []
  const llmConfigs = createLlmConfigs({
    kserveNamespace: kubernetes.kserveNamespace,
    changed: (name) => {
      for (const handler of kept) handler.again(name)
    },
  })
  const current = () => ({ ...settings, ...kserve.current(), llmConfig: llmConfigs.find })
  const unread = new Set<WatchedKind>()
  const servicesRead = () => unread.size === 0
  const keep = (collection: WatchedKind): InformerSpec => {
    const parts = { directory, settings: current, servicesRead, report }
    const handler = createDirectoryWriter(collection, parts)
    kept.push(handler)
    return { collection, handler }
  }
  const told = new Set<string>()
  const tellInVain = ({ kind, namespace }: WatchedKind) => {
    const hosts = gateways.hosts.filter(
      (each) => each.kind === kind && (namespace ?? each.namespace) === each.namespace,
    )
    const isKnown = (service: ServiceRef) => directory.servicesNamed(service).length > 0
    for (const problem of declaredInVain(hosts, isKnown)) {
      if (told.has(problem.object)) continue
      told.add(problem.object)
      report(problem)
    }
  }
  const scope = { ...kubernetes, apiKeyLabels: apiKeys.selector.matchLabels }
  const services = serviceCollections(scope)
  for (const collection of services) unread.add(collection)
  const elsewhere = ({ namespace }: WatchedKind) =>
    namespace === undefined || !kubernetes.namespaces.includes(namespace)
  const asPermitted = (collection: WatchedKind): WatchedKind =>
    partial && elsewhere(collection) ? { ...collection, optional: true } : collection
  return {
    configuration: {
      collection: asPermitted(configurationCollection(kubernetes.kserveNamespace)),
      handler: kserve.handler,
      read: kserve.read,
    },
    configured: services.map((collection) => ({
      ...keep(collection),
      read: () => {
        tellInVain(collection)
        if (unread.delete(collection) && servicesRead())
          for (const handler of kept) handler.reviewKeys()
      },
    })),
    followed: [
      ...llmConfigCollections(scope, kubernetes.kserveNamespace).map((collection) => ({
        collection: asPermitted(collection),
        handler: llmConfigs.handler,
      })),
      ...[
        ...policyCollections(scope),
        ...holdingCollections(scope),
        ...gatewayCollections(
          scope,
          kubernetes.kserveNamespace,
          gateways.proxies.flatMap((proxy) => ('podLabels' in proxy ? proxy : [])),
        ),
        ...routeCollections(scope),
      ].map((collection) => keep(asPermitted(collection))),
    ],
  }
}

/** The other watched kinds are about services. */
const FACTS: ReadonlyMap<string, Fact> = new Map([
  ['pods', 'pods'],
  ['httproutes', 'routes'],
  ['grpcroutes', 'routes'],
  ['secrets', 'keys'],
  ['accesspolicies', 'policies'],
])

/** A fact is as old as the oldest collection it depends on. A collection that may not be read has no age. */
export const heardAtOf = (fact: Fact, states: readonly InformerState[]): number =>
  states
    .filter(({ resource, withheld }) => !withheld && (FACTS.get(resource) ?? 'services') === fact)
    .reduce(
      (oldest, { heardAt = Number.NEGATIVE_INFINITY }) => Math.min(oldest, heardAt),
      Number.POSITIVE_INFINITY,
    )

/** What does not work if only some namespaces are watched; reported once at start. */
export const limitsOf = ({ kubernetes }: Config): readonly Problem[] =>
  kubernetes.namespaces.length === 0
    ? []
    : [
        {
          object: `namespaces ${kubernetes.namespaces.join(', ')}`,
          reason: 'NamespacesOnly',
          message:
            'ClusterRoles, ClusterRoleBindings and ServiceAccounts of other namespaces are not watched: ' +
            'their changes take effect when the cached answer expires',
        },
      ]
