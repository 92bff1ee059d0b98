// Reads the Roles and bindings of a cluster, to say who has a permission.

import type { ResourceAttributes } from '../access/permissions.ts'
import { describeApiProblem } from '../kubernetes/client/api-problem.ts'
import type { ApiServer } from '../kubernetes/client/api-server.ts'
import { createRbac, type Grantee } from '../manifests/rbac-authorizer.ts'
import { listAt } from '../resources/object.ts'
import type { ReadSettings } from '../resources/read-settings.ts'
import { readResource } from '../resources/resource.ts'

const TIMEOUT_MS = 30_000

const KINDS = ['ClusterRole', 'ClusterRoleBinding', 'Role', 'RoleBinding'] as const
const RBAC = 'rbac.authorization.k8s.io/v1'

/** The subjects to whom RBAC grants a permission. Rejects if something cannot be read. */
export async function readGrantees(
  api: Pick<ApiServer, 'send'>,
  attributes: ResourceAttributes,
): Promise<readonly Grantee[]> {
  const rbac = createRbac()
  const lists = await Promise.all(KINDS.map((kind) => objectsOf(api, kind, attributes.namespace)))
  for (const object of lists.flat()) {
    const { resource } = readResource(object, SETTINGS)
    if (resource.kind === 'role') rbac.putRole(resource.role)
    if (resource.kind === 'binding') rbac.putBinding(resource.binding)
  }
  return rbac.grantees(attributes)
}

async function objectsOf(
  api: Pick<ApiServer, 'send'>,
  kind: (typeof KINDS)[number],
  namespace: string,
): Promise<readonly object[]> {
  const resource = `${kind.toLowerCase()}s`
  const place = kind.startsWith('Cluster') ? '' : `namespaces/${namespace}/`
  const where = place === '' ? '' : ` in namespace ${namespace}`
  try {
    const path = `/apis/${RBAC}/${place}${resource}`
    const signal = AbortSignal.timeout(TIMEOUT_MS)
    const items = listAt(await api.send({ method: 'GET', path, signal }), 'items')
    // Items of a list have no kind.
    return items.map((item) => Object.assign({}, item, { kind, apiVersion: RBAC }))
  } catch (error) {
    throw new Error(describeApiProblem(error, `list ${resource}.rbac.authorization.k8s.io${where}`))
  }
}

/** Roles and bindings do not depend on them. */
const SETTINGS: ReadSettings = {
  protectByDefault: false,
  ownersMay: { optOut: false, anonymous: false, shadow: false, exclusions: false },
  ownHeaders: [],
  providers: [],
  apiKeys: { selector: { matchLabels: {} }, dataNames: [] },
  sha256: () => '',
}
