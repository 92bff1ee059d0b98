import path from 'node:path'
import type { Ref } from '../cluster/client.ts'
import type { Cluster } from '../cluster/cluster.ts'
import { applyManifests } from '../cluster/example.ts'
import { type ClusterService, startClusterService } from '../cluster/service.ts'
import { at } from '../json.ts'
import { groupsOf } from './can-i.ts'
import { type Change, type Question, readDocuments } from './data.ts'
import { totalOf } from './service.ts'
import { decisionOf, type OpenSource, type RunningService } from './source.ts'
import { fillTokens } from './tokens.ts'

/** A cluster with an applied example, and the user that the service runs as. */
export type AppliedExample = {
  readonly cluster: Cluster
  readonly kubeconfig: string
  readonly namespace: string
}

/** An API server instead of the folder: it signs the tokens, and decides about permissions. */
export const clusterSource =
  ({ cluster, kubeconfig, namespace }: AppliedExample): OpenSource =>
  async (folder) => ({
    start: async (config) => {
      const file = config === undefined ? undefined : path.join(folder, config)
      const service = await startClusterService({ kubeconfig, config: configIn(file) })
      await service.ready()
      return running(service)
    },
    change: (change) => changeCluster(cluster, folder, namespace, change),
    can: (question) => canGet(cluster, namespace, question),
    fill: (text) =>
      fillTokens(text, namespace, ({ namespace, name, audience }) =>
        cluster.tokenFor(namespace, name, { audiences: [audience] }),
      ),
  })

/** Without the configuration keys that only a folder needs. */
export function configIn(file: string | undefined): object {
  const [document] = file === undefined ? [] : readDocuments(file)
  const { kubernetes, ...rest } = Object(document)
  const { jwksFile: _, issuer: __, ...asked } = Object(kubernetes)
  return { ...rest, kubernetes: asked }
}

export const running = (service: ClusterService): RunningService => {
  const metrics = async () => (await service.read('/metrics')).text
  return {
    authzPorts: { workload: service.workloadPort, gateway: service.gatewayPort },
    metrics,
    checks: async () => totalOf(await metrics()),
    decisions: () => service.decisions.map(decisionOf),
    printed: () => JSON.stringify([service.decisions, service.log]),
    stop: service.stop,
  }
}

const VERSIONS: Readonly<Record<string, string>> = {
  AccessPolicy: 'kserve-authz.io/v1alpha1',
  InferenceService: 'serving.kserve.io/v1beta1',
  RoleBinding: 'rbac.authorization.k8s.io/v1',
  Secret: 'v1',
}

async function changeCluster(cluster: Cluster, folder: string, namespace: string, change: Change) {
  const refOf = ({ kind, name }: { kind: string; name: string }): Ref => {
    const apiVersion = VERSIONS[kind]
    if (apiVersion === undefined) throw new Error(`unknown API version of ${kind}`)
    return { apiVersion, kind, metadata: { name, namespace } }
  }
  if ('apply' in change) await applyManifests(cluster, [path.join(folder, change.apply)])
  else if ('delete' in change) await cluster.delete(refOf(change.delete))
  else await cluster.patch(refOf(change.patch), change.merge)
}

/** The review behind `kubectl auth can-i get <resource>/<name> --as=<ServiceAccount>`. */
async function canGet(cluster: Cluster, namespace: string, { can }: Question): Promise<boolean> {
  const [resource, name] = can.get.split('/')
  const group = 'serving.kserve.io'
  const { body } = await cluster.call({
    method: 'POST',
    path: '/apis/authorization.k8s.io/v1/subjectaccessreviews',
    body: {
      apiVersion: 'authorization.k8s.io/v1',
      kind: 'SubjectAccessReview',
      spec: {
        user: can.as,
        groups: groupsOf(can.as),
        resourceAttributes: { verb: 'get', group, resource, namespace, name },
      },
    },
  })
  return at(body, 'status', 'allowed') === true
}
