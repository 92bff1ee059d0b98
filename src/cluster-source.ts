import type { Directory } from './access/directory.ts'
import { openClusterAccess } from './cluster-access.ts'
import { followServing, limitsOf } from './cluster-serving.ts'
import type { EngineParts } from './engine.ts'
import type { FactSource } from './fact-source.ts'
import { createApiServer } from './kubernetes/api-server.ts'
import { createEvents } from './kubernetes/events.ts'
import { loadKubeConfig } from './kubernetes/kube-config.ts'
import { followCluster } from './kubernetes/source.ts'
import type { ReadSettings } from './resources/settings.ts'

/** Follows the cluster of the kubeconfig or of the pod; throws where there is none. */
export function openClusterSource(
  directory: Directory,
  settings: ReadSettings,
  parts: EngineParts,
): FactSource {
  const { config, reportProblem, reportFault } = parts
  const kubeConfig = loadKubeConfig()
  const apiServer = () => createApiServer(kubeConfig, loadKubeConfig)
  // Watches and questions do not wait for each other's connections.
  const [watching, asking] = [apiServer(), apiServer()]
  const events = createEvents(asking, (error) => reportFault('event not written', error))
  const access = openClusterAccess({ watching, asking }, parts)
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
    api: watching,
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
      await Promise.all([cluster.close(), access.close()])
      for (const api of [watching, asking]) api.close()
    },
  }
}
