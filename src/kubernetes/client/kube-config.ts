// Loads the kubeconfig.

import { KubeConfig } from '@kubernetes/client-node'

/** The cluster of KUBECONFIG, of the kubeconfig in the home folder, or of the pod. Throws if there is none. */
export function loadKubeConfig(): KubeConfig {
  const kubeConfig = new KubeConfig()
  try {
    kubeConfig.loadFromDefault()
  } catch (error) {
    // The lines after the first quote the file, which contains credentials.
    const [what] = (error instanceof Error ? error.message : '').split('\n', 1)
    throw new Error(`the kubeconfig cannot be read: ${what}`)
  }
  const server = kubeConfig.getCurrentCluster()?.server
  // The fallback of client-node.
  if (server === undefined || server === 'http://localhost:8080') {
    throw new Error('no cluster: set KUBECONFIG, run in a pod, or give --manifests')
  }
  return kubeConfig
}
