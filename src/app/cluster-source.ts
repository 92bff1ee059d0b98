// Composes everything that is read from a cluster.

import { hash } from 'node:crypto'
import type { Directory } from '../access/directory.ts'
import { SERVICE_KINDS } from '../access/service.ts'
import { createApiServer } from '../kubernetes/client/api-server.ts'
import { loadKubeConfig } from '../kubernetes/client/kube-config.ts'
import { createEvents } from '../kubernetes/status/events.ts'
import { namespaceOf } from '../kubernetes/status/namespace-turns.ts'
import {
  createPolicyStatusWriter,
  type PolicyStatusWriter,
} from '../kubernetes/status/policy-status-writer.ts'
import { type InformerSpec, startInformers } from '../kubernetes/watch/informers.ts'
import type { Listed } from '../kubernetes/watch/watch-event.ts'
import type { ReadSettings } from '../resources/read-settings.ts'
import { readGrantees } from './cluster-grantees.ts'
import { openClusterIdentity } from './cluster-identity.ts'
import { followObjects, heardAtOf, limitsOf } from './cluster-objects.ts'
import type { FactSource, SharedSourceParts } from './fact-source.ts'
import { createMetricsReaders } from './metrics-readers.ts'
import { createServiceIdentities } from './service-identities.ts'

/** Watches the cluster of the kubeconfig or of the pod. Throws if there is none. */
export function openClusterSource(
  directory: Directory,
  settings: ReadSettings,
  parts: SharedSourceParts,
): FactSource {
  const { config, reportProblem, reportFault } = parts
  const kubeConfig = loadKubeConfig()
  const apiServer = () => createApiServer(kubeConfig, loadKubeConfig)
  // Watches and reviews have separate connections.
  const [watching, asking] = [apiServer(), apiServer()]
  const events =
    parts.inspection === undefined
      ? createEvents(
          asking,
          (error) => reportFault('cannot write an event', error),
          () => parts.observeShed?.('events'),
        )
      : undefined
  const access = openClusterIdentity({ watching, asking }, parts)
  const statuses = createPolicyStatusWriter({
    api: asking,
    settings,
    servicesIn: directory.servicesIn,
    synced: () => parts.reportPolicyStatus !== undefined && cluster.synced(),
    failed: (problem) => parts.reportOutage('accesspolicies/status', problem),
  })
  const serving = followObjects({
    directory,
    settings,
    config,
    partial: parts.inspection?.namespace !== undefined,
    report: (problem, object) => {
      reportProblem(problem)
      if (object !== undefined) events?.tell(problem, object)
    },
    changed: () => cluster.reread(),
  })
  const identities = createServiceIdentities()
  if (parts.inspection === undefined) limitsOf(config).forEach(reportProblem)
  const cluster = startInformers({
    ...serving,
    configured: serving.configured.map((followed) =>
      alsoTelling(identities.following(followed), statuses),
    ),
    followed: serving.followed.map((followed) => alsoTelling(followed, statuses)),
    api: watching,
    failed: parts.reportOutage,
  })
  const resources = () =>
    cluster.states().map(({ problem, present, ...state }) => ({
      ...state,
      detail: problem === '' && !present ? 'the cluster has no such kind' : problem,
    }))
  return {
    ...access,
    metricsReaders: createMetricsReaders({ ...access, sha256: (text) => hash('sha256', text) }),
    grantees: (attributes) => readGrantees(asking, attributes),
    synced: () => cluster.synced() && access.synced(),
    resources: () => [...resources(), ...access.resources()],
    heardAt: (fact) => heardAtOf(fact, cluster.states()),
    tellOwner: (notice, service) =>
      events?.tell(notice, identities.objectOf(service), EVENT_TYPES[notice.level]),
    close: async () => {
      events?.close()
      statuses.close()
      await Promise.all([cluster.close(), access.close()])
      for (const api of [watching, asking]) api.close()
    },
  }
}

const EVENT_TYPES = { info: 'Normal', warn: 'Warning' } as const

/** The status of policies depends on policies and on services. */
function alsoTelling(spec: InformerSpec, statuses: PolicyStatusWriter): InformerSpec {
  const { collection, handler } = spec
  const { kind } = collection
  const touch = (key: string) => statuses.touch(namespaceOf(key))
  const telling =
    kind === 'AccessPolicy' ? statuses : { put: ({ key }: Listed) => touch(key), remove: touch }
  if (kind !== 'AccessPolicy' && !SERVICE_KINDS.some((each) => each === kind)) {
    return spec
  }
  return {
    ...spec,
    handler: {
      ...handler,
      put: (object) => {
        handler.put(object)
        telling.put(object)
      },
      remove: (key) => {
        handler.remove(key)
        telling.remove(key)
      },
    },
  }
}
