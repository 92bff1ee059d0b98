import type { Written } from './client.ts'

const RBAC = 'rbac.authorization.k8s.io'
const RBAC_VERSION = `${RBAC}/v1`

export const serviceAccount = (namespace: string, name: string): Written => ({
  apiVersion: 'v1',
  kind: 'ServiceAccount',
  metadata: { namespace, name },
})

/** May get InferenceServices: of these names, or all. */
export const readerRole = (
  namespace: string,
  name: string,
  resourceNames?: readonly string[],
): Written => ({
  apiVersion: RBAC_VERSION,
  kind: 'Role',
  metadata: { namespace, name },
  rules: [
    {
      apiGroups: ['serving.kserve.io'],
      resources: ['inferenceservices'],
      verbs: ['get'],
      ...(resourceNames === undefined ? {} : { resourceNames }),
    },
  ],
})

export type Subject =
  | { readonly kind: 'ServiceAccount'; readonly namespace: string; readonly name: string }
  | { readonly kind: 'User' | 'Group'; readonly name: string }

export const roleBinding = (
  namespace: string,
  name: string,
  role: string,
  ...subjects: readonly Subject[]
): Written => ({
  apiVersion: RBAC_VERSION,
  kind: 'RoleBinding',
  metadata: { namespace, name },
  roleRef: { apiGroup: RBAC, kind: 'Role', name: role },
  subjects: subjects.map((subject) =>
    subject.kind === 'ServiceAccount' ? subject : { ...subject, apiGroup: RBAC },
  ),
})

export const PROTECTED = { 'security.opendatahub.io/enable-auth': 'true' }

/** A service with the host `<name>.<namespace>.svc`. */
export const inferenceService = (
  namespace: string,
  name: string,
  annotations: Readonly<Record<string, string>> = PROTECTED,
) => ({
  apiVersion: 'serving.kserve.io/v1beta1',
  kind: 'InferenceService',
  metadata: { namespace, name, annotations },
  spec: { predictor: {} },
})

/** The ServiceAccount team/`name`, with permission to list and watch these resources in any namespace. */
export const watcher = (
  name: string,
  rules: readonly (readonly [apiGroup: string, resource: string])[],
): readonly Written[] => {
  const metadata = { name: `team-${name}` }
  return [
    serviceAccount('team', name),
    {
      apiVersion: RBAC_VERSION,
      kind: 'ClusterRole',
      metadata,
      rules: rules.map(([apiGroup, resource]) => ({
        apiGroups: [apiGroup],
        resources: [resource],
        verbs: ['list', 'watch'],
      })),
    },
    clusterRoleBinding(metadata.name, metadata.name, name),
  ]
}

/** A token of the ServiceAccount team/`account`. */
export const clusterRoleBinding = (name: string, role: string, account: string): Written => ({
  apiVersion: RBAC_VERSION,
  kind: 'ClusterRoleBinding',
  metadata: { name },
  roleRef: { apiGroup: RBAC, kind: 'ClusterRole', name: role },
  subjects: [{ kind: 'ServiceAccount', namespace: 'team', name: account }],
})
