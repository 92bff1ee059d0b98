import type { Written } from '../cluster/client.ts'
import type { Cluster } from '../cluster/cluster.ts'
import {
  inferenceService,
  PROTECTED,
  readerRole,
  roleBinding,
  serviceAccount,
} from '../cluster/rbac.ts'
import { head, sendRaw } from '../envoy/http.ts'
import { startEnvoyWithReplicas } from '../envoy/replicas.ts'
import type { BuiltImage } from '../image/own-image.ts'
import { startContainer } from './container.ts'
import { found } from './render.ts'

const NAME = 'kserve-authz'
const ACCOUNT = { kind: 'ServiceAccount', namespace: 'team', name: 'default' } as const
const MODEL = inferenceService('team', 'sklearn-iris', {})

/** Of a team before it protects its model. */
export const BEFORE: readonly Written[] = [
  { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'team' } },
  serviceAccount(ACCOUNT.namespace, ACCOUNT.name),
  MODEL,
]

export const protect = (cluster: Cluster) =>
  cluster.patch(MODEL, { metadata: { annotations: PROTECTED } })
export const makeRole = (cluster: Cluster) =>
  cluster.create(readerRole('team', 'iris-caller', ['sklearn-iris']))
export const bindRole = (cluster: Cluster) =>
  cluster.create(roleBinding('team', 'iris-caller', 'iris-caller', ACCOUNT))

export const callersToken = (cluster: Cluster) => cluster.tokenFor(ACCOUNT.namespace, ACCOUNT.name)

/** Starts what a Deployment starts, and a real Envoy that asks it before each request to a model. */
export async function startBehindEnvoy(
  cluster: Cluster,
  image: BuiltImage,
  objects: readonly Written[],
) {
  const kubeconfig = await cluster.kubeconfig({ token: await cluster.tokenFor(NAME, NAME) })
  const deployment = found(objects, 'Deployment', NAME)
  const readable = [cluster.site.folder]
  const service = await startContainer({ image, objects, deployment, kubeconfig, readable })
  try {
    await service.ready()
    const envoy = await startEnvoyWithReplicas()
    await envoy.ask([service.gatewayPort])
    return {
      /** Of a request to the model. */
      status: async (token?: string) => {
        const credential = token === undefined ? [] : [`Authorization: Bearer ${token}`]
        const request = head(
          'GET /v1/models/sklearn-iris HTTP/1.1',
          'Host: sklearn-iris.team.svc',
          ...credential,
        )
        return (await sendRaw({ port: envoy.port }, request)).status
      },
      stop: async () => {
        await envoy.stop()
        await service.stop()
      },
    }
  } catch (fault) {
    await service.stop()
    throw fault
  }
}

/** Prints how long ago something began. Nothing depends on it. */
export const stopwatch = (what: string) => {
  const begun = performance.now()
  return (event: string) => {
    const seconds = ((performance.now() - begun) / 1_000).toFixed(1)
    process.stderr.write(`from ${what} to ${event}: ${seconds} s\n`)
  }
}
