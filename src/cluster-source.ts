import type { Directory } from './access/directory.ts'
import { SERVICE_KINDS } from './access/service.ts'
import { openClusterAccess } from './cluster-access.ts'
import type { Config } from './config.ts'
import type { EngineParts } from './engine.ts'
import type { FactSource } from './fact-source.ts'
import { createApiServer } from './kubernetes/api-server.ts'
import { servingCollections } from './kubernetes/collections.ts'
import { createEvents, type Events } from './kubernetes/events.ts'
import { loadKubeConfig } from './kubernetes/kube-config.ts'
import { createPolicyStatuses, type PolicyStatuses } from './kubernetes/policy-status.ts'
import { createServing } from './kubernetes/serving.ts'
import { type Followed, followCluster } from './kubernetes/source.ts'
import type { ReadSettings } from './resources/settings.ts'

/** Follows the cluster of the kubeconfig or of the pod; throws where there is none. */
export function openClusterSource(
  directory: Directory,
  settings: ReadSettings,
  parts: EngineParts,
): FactSource {
  const { config, reportProblem, reportFault } = parts
  const kubeConfig = loadKubeConfig()
  // Watches and questions do not wait for each other's connections.
  const [watching, asking] = [createApiServer(kubeConfig), createApiServer(kubeConfig)]
  const events = createEvents(asking, (error) => reportFault('event not written', error))
  const access = openClusterAccess({ watching, asking }, parts)
  const statuses = createPolicyStatuses({
    api: asking,
    settings,
    services: directory.services.values,
    synced: () => parts.reportStanding !== undefined && cluster.synced(),
    failed: (problem) => parts.reportOutage('accesspolicies/status', problem),
  })
  const cluster = followCluster({
    api: watching,
    followed: servingOf(directory, settings, config, events, reportProblem).map((followed) =>
      alsoTelling(followed, statuses),
    ),
    failed: (resource, message) => parts.reportOutage(resource, message),
  })
  const resources = () =>
    cluster.states().map(({ problem, present, ...state }) => ({
      ...state,
      detail: present ? problem : 'the cluster has no such kind',
    }))
  return {
    ...access,
    synced: () => cluster.synced() && access.synced(),
    resources: () => [...resources(), ...access.resources()],
    close: async () => {
      events.close()
      statuses.close()
      await Promise.all([cluster.close(), access.close()])
      for (const api of [watching, asking]) api.close()
    },
  }
}

const scopeOf = ({ kubernetes, apiKeys }: Config) => ({
  namespaces: kubernetes.namespaces,
  apiKeyLabels: apiKeys.selector.matchLabels,
})

const servingOf = (
  directory: Directory,
  settings: ReadSettings,
  config: Config,
  events: Events,
  reportProblem: EngineParts['reportProblem'],
): readonly Followed[] =>
  servingCollections(scopeOf(config)).map((collection) => ({
    collection,
    keeper: createServing(collection, {
      directory,
      settings: () => settings,
      report: (problem, object) => {
        reportProblem(problem)
        events.warn(problem, object)
      },
    }),
  }))

/** What policies say of themselves depends on them and on the services. */
function alsoTelling({ collection, keeper }: Followed, statuses: PolicyStatuses): Followed {
  const { kind } = collection
  const telling =
    kind === 'AccessPolicy'
      ? statuses
      : { put: () => statuses.touch(), remove: () => statuses.touch() }
  if (kind !== 'AccessPolicy' && !SERVICE_KINDS.some((each) => each === kind)) {
    return { collection, keeper }
  }
  return {
    collection,
    keeper: {
      put: (object) => {
        keeper.put(object)
        telling.put(object)
      },
      remove: (key) => {
        keeper.remove(key)
        telling.remove(key)
      },
    },
  }
}
