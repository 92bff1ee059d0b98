import { randomUUID } from 'node:crypto'
import { uidOf } from './client.ts'
import { type Cluster, startCluster } from './cluster.ts'
import { aNamespace, install } from './installation.ts'
import { inferenceService, readerRole, roleBinding, serviceAccount } from './rbac.ts'
import { type ClusterService, startClusterService } from './service.ts'
import { boundClaims, type ClusterSigner, clusterSigner } from './tokens.ts'

export type TokenCluster = Cluster & {
  readonly signer: ClusterSigner
  /** Starts the program as the installation's ServiceAccount; resolves once it is ready. */
  readonly serve: (config?: object, port?: number) => Promise<ClusterService>
}

/**
 * A cluster with the protected InferenceService team/iris, which the ServiceAccount team/reader may get and
 * team/stranger may not. Its `stop` also ends the services it started.
 */
export async function startTokenCluster(): Promise<TokenCluster> {
  const cluster = await startCluster()
  const services: ClusterService[] = []
  const stop = async () => {
    const outcomes = await Promise.allSettled(services.map((service) => service.stop()))
    await cluster.stop()
    for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason
  }
  try {
    await cluster.apply(aNamespace('team'))
    for (const object of TEAM) await cluster.create(object)
    const kubeconfig = await install(cluster)
    return {
      ...cluster,
      signer: clusterSigner(cluster),
      serve: async (config = {}, port) => {
        const file = port === undefined ? kubeconfig : await install(cluster, 'rbac.yaml', port)
        const service = await startClusterService({ kubeconfig: file, config })
        services.push(service)
        await service.ready()
        return service
      },
      stop,
    }
  } catch (fault) {
    await stop()
    throw fault
  }
}

const READERS = roleBinding('team', 'readers', 'iris-reader', {
  kind: 'ServiceAccount',
  namespace: 'team',
  name: 'reader',
})

const TEAM = [
  serviceAccount('team', 'reader'),
  serviceAccount('team', 'stranger'),
  readerRole('team', 'iris-reader'),
  READERS,
  inferenceService('team', 'iris'),
]

/** Makes valid tokens of team/reader that are not cached. */
export async function newTokens({ get, signer }: TokenCluster): Promise<() => string> {
  const uid = uidOf(await get('/api/v1/namespaces/team/serviceaccounts/reader'))
  const claims = boundClaims('team', 'reader', uid)
  return () => signer.jws({ ...claims, jti: randomUUID() })
}
