// Reads the Roles and bindings of a cluster, to say who has a permission.

import type { ResourceAttributes } from '../access/permissions.ts'
import { describeApiProblem } from '../kubernetes/client/api-problem.ts'
import type { ApiServer } from '../kubernetes/client/api-server.ts'
import { listAll } from '../kubernetes/watch/list-all.ts'
import { grantingIn, type WatchedKind } from '../kubernetes/watch/watched-kinds.ts'
import { createRbac, type Grantee } from '../manifests/rbac-authorizer.ts'
import type { ReadSettings } from '../resources/read-settings.ts'
import { readResource } from '../resources/resource.ts'

const TIMEOUT_MS = 30_000

/**
 * Finds the subjects to whom RBAC grants a permission; rejects if something cannot be read. Each collection is read
 * once: for a command, not for a service.
 */
export function createGrantees(
  api: Pick<ApiServer, 'send'>,
): (attributes: ResourceAttributes) => Promise<readonly Grantee[]> {
  const rbac = createRbac()
  const known = new Map<string, Promise<void>>()

  const read = async (collection: WatchedKind) => {
    for (const object of await objectsOf(api, collection)) {
      const { resource } = readResource(object, SETTINGS)
      if (resource.kind === 'role') rbac.putRole(resource.role)
      if (resource.kind === 'binding') rbac.putBinding(resource.binding)
    }
  }
  const once = (collection: WatchedKind): Promise<void> => {
    const id = `${collection.kind} ${collection.namespace ?? ''}`
    const reading = known.get(id) ?? read(collection)
    known.set(id, reading)
    return reading
  }
  return async (attributes) => {
    await Promise.all(grantingIn(attributes.namespace).map(once))
    return rbac.grantees(attributes)
  }
}

async function objectsOf(
  api: Pick<ApiServer, 'send'>,
  collection: WatchedKind,
): Promise<readonly object[]> {
  const { resource, namespace } = collection
  const where = namespace === undefined ? '' : ` in namespace ${namespace}`
  try {
    const signal = AbortSignal.timeout(TIMEOUT_MS)
    return await listAll(api, collection, { requestMs: TIMEOUT_MS, signal })
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
