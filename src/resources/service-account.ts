// Reads ServiceAccounts.

import type { KubernetesObject } from './object.ts'

/** A ServiceAccount that exists. */
export type ServiceAccount = {
  readonly namespace: string
  readonly name: string
  readonly uid: string | undefined
}

export const readServiceAccount = ({ namespace, name, uid }: KubernetesObject): ServiceAccount => ({
  namespace,
  name,
  uid,
})
