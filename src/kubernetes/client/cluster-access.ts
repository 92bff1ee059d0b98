// How to reach an API server.

import type { RequestOptions } from 'node:https'

/** The address and credentials of an API server. A KubeConfig of client-node is one. */
export type ClusterAccess = {
  readonly getCurrentCluster: () => { readonly server: string } | null
  /** Adds the present credentials. */
  readonly applyToHTTPSOptions: (options: RequestOptions) => Promise<void>
}

/** Reads the address and credentials. Throws if they cannot be read. */
export type ReadAccess = () => ClusterAccess
