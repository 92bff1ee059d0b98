// Finds the cluster.

import { existsSync } from 'node:fs'
import { homedir } from 'node:os'
import path from 'node:path'
import type { ReadAccess } from './cluster-access.ts'
import { inCluster, isInCluster, SERVICE_ACCOUNT_FOLDER } from './in-cluster.ts'

/**
 * Finds the cluster of KUBECONFIG, of the kubeconfig in the home folder, or of the pod, in this order.
 * Rejects if client-node cannot be loaded; that there is no cluster is said by `ReadAccess`.
 */
export async function findCluster(folder = SERVICE_ACCOUNT_FOLDER): Promise<ReadAccess> {
  if (!hasKubeconfig() && isInCluster(folder)) return () => inCluster(folder)
  // Loaded on demand: client-node takes 50 MB and a second, which a pod does not need.
  const { loadKubeConfig } = await import('./kube-config.ts')
  return loadKubeConfig
}

function hasKubeconfig(): boolean {
  const { KUBECONFIG = '', HOME = homedir() } = process.env
  return KUBECONFIG !== '' || existsSync(path.join(HOME, '.kube', 'config'))
}
