// Lists the permissions of RBAC that open a service.

import {
  createPermissionsFor,
  permissionsWith,
  type ResourceAttributes,
} from '../access/permissions.ts'
import type { Service } from '../access/service.ts'
import type { Config } from '../config/read-config.ts'

/** The permissions of which one is enough, the first one first. */
export const permissionsTo = (
  service: Service,
  permissions: Config['permissions'],
): readonly ResourceAttributes[] =>
  createPermissionsFor(permissionsWith(permissions))(service, () => service.models ?? [])
