export type ServiceAccountName = { readonly namespace: string; readonly name: string }

/** The user that a ServiceAccount is, as Kubernetes names it. */
export const userOfServiceAccount = ({ namespace, name }: ServiceAccountName): string =>
  `system:serviceaccount:${namespace}:${name}`

const USER = /^system:serviceaccount:([^:]+):([^:]+)$/

/** The ServiceAccount that a user is; `undefined`: it is none. */
export function serviceAccountOfUser(user: unknown): ServiceAccountName | undefined {
  const [, namespace, name] = USER.exec(typeof user === 'string' ? user : '') ?? []
  return namespace === undefined || name === undefined ? undefined : { namespace, name }
}
