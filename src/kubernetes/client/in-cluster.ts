// The API server of the cluster in whose pod the program runs.

import { existsSync, readFileSync } from 'node:fs'
import type { RequestOptions } from 'node:https'
import { isIPv6 } from 'node:net'
import path from 'node:path'
import type { ClusterAccess } from './cluster-access.ts'

/** Where Kubernetes mounts the ServiceAccount of a pod. */
export const SERVICE_ACCOUNT_FOLDER = '/var/run/secrets/kubernetes.io/serviceaccount'

/** How long a token is used before it is read again, in milliseconds, as in client-go. The kubelet renews it. */
export const TOKEN_PERIOD_MS = 60_000

type Credentials = { readonly ca: string; readonly authorization: string }

/** Whether the pod has a ServiceAccount. */
export const isInCluster = (folder: string): boolean => existsSync(path.join(folder, 'token'))

/**
 * The API server of the pod's cluster, with the credentials of its ServiceAccount, like client-go's
 * InClusterConfig. Throws if the pod does not have them.
 */
export function inCluster(
  folder: string,
  { KUBERNETES_SERVICE_HOST: host = '', KUBERNETES_SERVICE_PORT: port = '' } = process.env,
): ClusterAccess {
  if (host === '' || port === '')
    throw new Error('the pod has no KUBERNETES_SERVICE_HOST or no KUBERNETES_SERVICE_PORT')
  const server = `https://${isIPv6(host) ? `[${host}]` : host}:${port}`
  let credentials = readCredentials(folder)
  let readAt = performance.now()

  const current = (): Credentials => {
    if (performance.now() - readAt < TOKEN_PERIOD_MS) return credentials
    readAt = performance.now()
    try {
      credentials = readCredentials(folder)
    } catch {
      // Keeps the old ones until they can be read.
    }
    return credentials
  }
  return {
    getCurrentCluster: () => ({ server }),
    applyToHTTPSOptions: async (options: RequestOptions) => {
      const { ca, authorization } = current()
      options.ca = ca
      options.headers = { authorization }
    },
  }
}

function readCredentials(folder: string): Credentials {
  const read = (name: string): string => {
    const text = readFileSync(path.join(folder, name), 'utf8').trim()
    if (text === '') throw new Error(`${name} of the pod's ServiceAccount is empty`)
    return text
  }
  return { ca: read('ca.crt'), authorization: `Bearer ${read('token')}` }
}
