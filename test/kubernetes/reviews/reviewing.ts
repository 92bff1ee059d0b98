import type { NamedCaller } from '../../../src/access/caller.ts'
import {
  createPermissionsFor,
  permissionsWith,
  type ResourceAttributes,
} from '../../../src/access/permissions.ts'
import type { ServiceRef } from '../../../src/access/service.ts'
import { createCache } from '../../../src/common/cache.ts'
import { CACHE_PERIODS } from '../../../src/common/cache-periods.ts'
import { createAccessReviews } from '../../../src/kubernetes/reviews/access-review.ts'
import { fakeApi } from './asking.ts'

export const iris: ServiceRef = { kind: 'InferenceService', namespace: 'team', name: 'iris' }
export const ALLOWED = { status: { allowed: true } }
export const DENIED = { status: { allowed: false } }

/** Whether a caller may `get` a service. */
function attributesOf(service: ServiceRef): ResourceAttributes {
  const [attributes] = createPermissionsFor(permissionsWith({}))(service, () => [])
  if (attributes === undefined) throw new Error('no permission')
  return attributes
}

/** Permissions by an API server with scripted answers. */
export function reviews(answer: () => unknown = () => ALLOWED) {
  const api = fakeApi(answer)
  let changes = 0
  let changedAt = Number.NEGATIVE_INFINITY
  const made = createAccessReviews({
    ...api.parts,
    createCache,
    periods: CACHE_PERIODS,
    changes: { generation: () => changes, age: () => performance.now() - changedAt },
  })
  return {
    ...api,
    ...made,
    permits: (caller: NamedCaller, service: ServiceRef) =>
      made.permits(caller, service, attributesOf(service)),
    permitsPath: (caller: NamedCaller, path: string) =>
      made.permits(caller, iris, { verb: 'get', path, key: `get ${path}` }),
    grants: (caller: NamedCaller, service: ServiceRef) =>
      made.grants(caller, service, attributesOf(service)),
    /** A change of a Role or binding. */
    change: () => {
      changes += 1
      changedAt = performance.now()
    },
  }
}
