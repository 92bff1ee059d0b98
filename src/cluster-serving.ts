import type { Directory } from './access/directory.ts'
import type { Fact } from './access/freshness.ts'
import type { Config } from './config.ts'
import {
  configurationCollection,
  gatewayCollections,
  holdingCollections,
  type KindCollection,
  llmConfigCollections,
  policyCollections,
  serviceCollections,
} from './kubernetes/collections.ts'
import type { Fields } from './kubernetes/fields.ts'
import { createKserveConfiguration } from './kubernetes/kserve-configuration.ts'
import { createLlmConfigs } from './kubernetes/llm-configs.ts'
import { createServing, type Serving } from './kubernetes/serving.ts'
import type { ClusterOptions, CollectionState, Followed } from './kubernetes/source.ts'
import type { Problem } from './resources/problem.ts'
import type { ReadSettings } from './resources/settings.ts'

type ServingParts = {
  readonly directory: Directory
  readonly settings: ReadSettings
  readonly config: Config
  /** `object`: that which has the problem. */
  readonly report: (problem: Problem, object?: Fields) => void
  /** Services have to be read again. */
  readonly changed: () => void
}

type Followings = Pick<ClusterOptions, 'configuration'> & {
  readonly followed: readonly Followed[]
  readonly configured: readonly Followed[]
}

/** The objects that say what can be called, at which address, and with which keys. */
export function followServing({
  directory,
  settings,
  config,
  report,
  changed,
}: ServingParts): Followings {
  const { kubernetes, apiKeys, gateways } = config
  const kserve = createKserveConfiguration({
    modelHeaders: directory.modelHeaders,
    report,
    changed,
  })
  const kept: Serving[] = []
  const llmConfigs = createLlmConfigs({
    kserveNamespace: kubernetes.kserveNamespace,
    changed: (name) => {
      for (const keeper of kept) keeper.again(name)
    },
  })
  const current = () => ({ ...settings, ...kserve.current(), llmConfig: llmConfigs.find })
  const keep = (collection: KindCollection): Followed => {
    const keeper = createServing(collection, { directory, settings: current, report })
    kept.push(keeper)
    return { collection, keeper }
  }
  const scope = { ...kubernetes, apiKeyLabels: apiKeys.selector.matchLabels }
  return {
    configuration: {
      collection: configurationCollection(kubernetes.kserveNamespace),
      keeper: kserve.keeper,
    },
    configured: serviceCollections(scope).map(keep),
    followed: [
      ...llmConfigCollections(scope, kubernetes.kserveNamespace).map((collection) => ({
        collection,
        keeper: llmConfigs.keeper,
      })),
      ...[
        ...policyCollections(scope),
        ...holdingCollections(scope),
        ...gatewayCollections(
          scope,
          kubernetes.kserveNamespace,
          gateways.proxies.flatMap((proxy) => ('podLabels' in proxy ? proxy : [])),
        ),
      ].map(keep),
    ],
  }
}

/** What else is followed says which services there are, and where. */
const FACTS: ReadonlyMap<string, Fact> = new Map([
  ['pods', 'pods'],
  ['secrets', 'keys'],
  ['accesspolicies', 'policies'],
])

/** A fact is as old as the oldest of the collections that it comes from. */
export const heardAtOf = (fact: Fact, states: readonly CollectionState[]): number =>
  states
    .filter(({ resource }) => (FACTS.get(resource) ?? 'services') === fact)
    .reduce(
      (oldest, { heardAt = Number.NEGATIVE_INFINITY }) => Math.min(oldest, heardAt),
      Number.POSITIVE_INFINITY,
    )

/** What is off where only some namespaces are watched; said once, at the start. */
export const limitsOf = ({ kubernetes }: Config): readonly Problem[] =>
  kubernetes.namespaces.length === 0
    ? []
    : [
        {
          object: `namespaces ${kubernetes.namespaces.join(', ')}`,
          reason: 'NamespacesOnly',
          message:
            'ClusterRoles, ClusterRoleBindings and ServiceAccounts of other namespaces are not watched: ' +
            'their changes count when what is remembered of a caller ends',
        },
      ]
