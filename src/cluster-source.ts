import type { Directory } from './access/directory.ts'
import { SERVICE_KINDS } from './access/service.ts'
import { openClusterAccess } from './cluster-access.ts'
import { followServing, heardAtOf, limitsOf } from './cluster-serving.ts'
import type { FactSource, SharedParts } from './fact-source.ts'
import { createApiServer } from './kubernetes/api-server.ts'
import { createEvents } from './kubernetes/events.ts'
import { loadKubeConfig } from './kubernetes/kube-config.ts'
import { namespaceOf } from './kubernetes/policy-areas.ts'
import { createPolicyStatuses, type PolicyStatuses } from './kubernetes/policy-status.ts'
import { type Followed, followCluster } from './kubernetes/source.ts'
import type { Listed } from './kubernetes/watch-event.ts'
import type { ReadSettings } from './resources/settings.ts'

/** Follows the cluster of the kubeconfig or of the pod; throws where there is none. */
export function openClusterSource(
  directory: Directory,
  settings: ReadSettings,
  parts: SharedParts,
): FactSource {
  const { config, reportProblem, reportFault } = parts
  const kubeConfig = loadKubeConfig()
  const apiServer = () => createApiServer(kubeConfig, loadKubeConfig)
  // Watches and questions do not wait for each other's connections.
  const [watching, asking] = [apiServer(), apiServer()]
  const events = createEvents(
    asking,
    (error) => reportFault('event not written', error),
    () => parts.observeShed?.('events'),
  )
  const access = openClusterAccess({ watching, asking }, parts)
  const statuses = createPolicyStatuses({
    api: asking,
    settings,
    servicesIn: directory.servicesIn,
    synced: () => parts.reportStanding !== undefined && cluster.synced(),
    failed: (problem) => parts.reportOutage('accesspolicies/status', problem),
  })
  const serving = followServing({
    directory,
    settings,
    config,
    report: (problem, object) => {
      reportProblem(problem)
      if (object !== undefined) events.warn(problem, object)
    },
    changed: () => cluster.reread(),
  })
  limitsOf(config).forEach(reportProblem)
  const cluster = followCluster({
    ...serving,
    configured: serving.configured.map((followed) => alsoTelling(followed, statuses)),
    followed: serving.followed.map((followed) => alsoTelling(followed, statuses)),
    api: watching,
    failed: (resource, message) => parts.reportOutage(resource, message),
  })
  const resources = () =>
    cluster.states().map(({ problem, present, ...state }) => ({
      ...state,
      detail: problem === '' && !present ? 'the cluster has no such kind' : problem,
    }))
  return {
    ...access,
    synced: () => cluster.synced() && access.synced(),
    resources: () => [...resources(), ...access.resources()],
    heardAt: (fact) => heardAtOf(fact, cluster.states()),
    close: async () => {
      events.close()
      statuses.close()
      await Promise.all([cluster.close(), access.close()])
      for (const api of [watching, asking]) api.close()
    },
  }
}

/** What policies say of themselves depends on them and on the services. */
function alsoTelling({ collection, keeper }: Followed, statuses: PolicyStatuses): Followed {
  const { kind } = collection
  const touch = (key: string) => statuses.touch(namespaceOf(key))
  const telling =
    kind === 'AccessPolicy' ? statuses : { put: ({ key }: Listed) => touch(key), remove: touch }
  if (kind !== 'AccessPolicy' && !SERVICE_KINDS.some((each) => each === kind)) {
    return { collection, keeper }
  }
  return {
    collection,
    keeper: {
      ...keeper,
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
