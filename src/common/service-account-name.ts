// The user names of ServiceAccounts.

export type ServiceAccountName = { readonly namespace: string; readonly name: string }

/** The user name of a ServiceAccount. */
export const userOfServiceAccount = ({ namespace, name }: ServiceAccountName): string =>
  `system:serviceaccount:${namespace}:${name}`

const USER = /^system:serviceaccount:([^:]+):([^:]+)$/

/** The ServiceAccount with this user name; `undefined`: not a ServiceAccount's. */
export function serviceAccountOfUser(user: unknown): ServiceAccountName | undefined {
  const [, namespace, name] = USER.exec(typeof user === 'string' ? user : '') ?? []
  return namespace === undefined || name === undefined ? undefined : { namespace, name }
}
