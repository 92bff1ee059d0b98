// Composes everything that is read from a cluster.

import { hash } from 'node:crypto'
import type { Directory } from '../access/directory.ts'
import { SERVICE_KINDS } from '../access/service.ts'
import { createApiServer } from '../kubernetes/client/api-server.ts'
import { findCluster } from '../kubernetes/client/find-cluster.ts'
import { createEvents } from '../kubernetes/status/events.ts'
import { namespaceOf } from '../kubernetes/status/namespace-turns.ts'
import {
  createPolicyStatusWriter,
  type PolicyStatusWriter,
} from '../kubernetes/status/policy-status-writer.ts'
import { type InformerSpec, startInformers } from '../kubernetes/watch/informers.ts'
import type { Handler } from '../kubernetes/watch/store.ts'
import type { ReadSettings } from '../resources/read-settings.ts'
import { createGrantees } from './cluster-grantees.ts'
import { lookAtGuards, watchGuards } from './cluster-guards.ts'
import { openClusterIdentity } from './cluster-identity.ts'
import { followObjects, heardAtOf, limitsOf } from './cluster-objects.ts'
import type { ClusterSourceParts, FactSource } from './fact-source.ts'
import { createMetricsReaders } from './metrics-readers.ts'

/** Watches the cluster of the kubeconfig or of the pod. Rejects if there is none. */
export async function openClusterSource(
  directory: Directory,
  settings: ReadSettings,
  parts: ClusterSourceParts,
): Promise<FactSource> {
  const { config, reportProblem, reportFault } = parts
  const readAccess = await findCluster()
  const apiServerAccess = readAccess()
  const apiServer = () => createApiServer(apiServerAccess, readAccess)
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
  if (parts.inspection === undefined) limitsOf(config).forEach(reportProblem)
  const guards =
    parts.inspection === undefined
      ? watchGuards({
          api: watching,
          directory,
          namespaces: config.kubernetes.namespaces,
          isProtected: parts.isProtected,
          synced: () => cluster.synced(),
          report: (problem, object) => {
            reportProblem(problem)
            events?.tell(problem, object)
          },
          failed: (error) => reportFault('cannot judge whether services are guarded', error),
          outage: parts.reportOutage,
        })
      : undefined
  const looked =
    parts.inspection?.guards === true
      ? lookAtGuards({
          api: watching,
          namespaces: config.kubernetes.namespaces,
          outage: parts.reportOutage,
        })
      : undefined
  const handlerOf = guards?.handlerOf ?? looked?.handlerOf
  const telling = (spec: InformerSpec) =>
    beside(beside(spec, policyTeller(spec, statuses)), handlerOf?.(spec.collection))
  const cluster = startInformers({
    ...serving,
    configured: serving.configured.map(telling),
    followed: serving.followed.map(telling),
    api: watching,
    failed: parts.reportOutage,
  })
  const resources = () =>
    [...cluster.states(), ...(looked?.states() ?? [])].map(({ problem, present, ...state }) => ({
      ...state,
      detail: problem === '' && !present ? 'the cluster has no such kind' : problem,
    }))
  return {
    ...access,
    metricsReaders: createMetricsReaders({ ...access, sha256: (text) => hash('sha256', text) }),
    grantees: createGrantees(asking),
    synced: () => cluster.synced() && access.synced() && looked?.synced() !== false,
    resources: () => [...resources(), ...access.resources()],
    ...(guards === undefined ? {} : { unguarded: guards.counts }),
    ...(looked === undefined ? {} : { guardOf: looked.guardOf }),
    heardAt: (fact) => heardAtOf(fact, cluster.states()),
    tellOwner: (notice, service) => {
      if (guards !== undefined)
        events?.tell(notice, guards.objectOf(service), EVENT_TYPES[notice.level])
    },
    close: async () => {
      events?.close()
      statuses.close()
      await Promise.all([cluster.close(), guards?.close(), looked?.close(), access.close()])
      for (const api of [watching, asking]) api.close()
    },
  }
}

const EVENT_TYPES = { info: 'Normal', warn: 'Warning' } as const
type Teller = Pick<Handler, 'put' | 'remove'>

/** The status of policies depends on policies and on services. */
function policyTeller(
  { collection: { kind } }: InformerSpec,
  statuses: PolicyStatusWriter,
): Teller | undefined {
  if (kind === 'AccessPolicy') return statuses
  const touch = (key: string) => statuses.touch(namespaceOf(key))
  return SERVICE_KINDS.some((each) => each === kind)
    ? { put: ({ key }) => touch(key), remove: touch }
    : undefined
}

/** With a second handler, which is called after the first. */
function beside(spec: InformerSpec, second: Teller | undefined): InformerSpec {
  const { handler } = spec
  if (second === undefined) return spec
  return {
    ...spec,
    handler: {
      ...handler,
      put: (object) => {
        handler.put(object)
        second.put(object)
      },
      remove: (key) => {
        handler.remove(key)
        second.remove(key)
      },
    },
  }
}
