import { KubeConfig } from '@kubernetes/client-node'

/** The cluster of KUBECONFIG, of the home folder's kubeconfig, or of the pod. Throws where there is none. */
export function loadKubeConfig(): KubeConfig {
  const kubeConfig = new KubeConfig()
  try {
    kubeConfig.loadFromDefault()
  } catch (error) {
    // What follows the first line quotes the file, which holds credentials.
    const [what] = (error instanceof Error ? error.message : '').split('\n', 1)
    throw new Error(`the kubeconfig cannot be read: ${what}`)
  }
  const server = kubeConfig.getCurrentCluster()?.server
  // What client-node falls back to when it finds nothing.
  if (server === undefined || server === 'http://localhost:8080') {
    throw new Error('no cluster: set KUBECONFIG, run in a pod, or give --manifests')
  }
  return kubeConfig
}
