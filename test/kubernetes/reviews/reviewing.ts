import type { ServiceRef } from '../../../src/access/service.ts'
import { createCache } from '../../../src/common/cache.ts'
import { createAccessReviews } from '../../../src/kubernetes/reviews/access-review.ts'
import { TOKEN_CACHE_PERIODS } from '../../../src/kubernetes/reviews/token-cache.ts'
import { fakeApi } from './asking.ts'

export const iris: ServiceRef = { kind: 'InferenceService', namespace: 'team', name: 'iris' }
export const ALLOWED = { status: { allowed: true } }
export const DENIED = { status: { allowed: false } }

/** Permissions by an API server with scripted answers. */
export function reviews(answer: () => unknown = () => ALLOWED) {
  const api = fakeApi(answer)
  let changes = 0
  let changedAt = Number.NEGATIVE_INFINITY
  const made = createAccessReviews({
    ...api.parts,
    createCache,
    periods: TOKEN_CACHE_PERIODS,
    changes: { generation: () => changes, age: () => performance.now() - changedAt },
  })
  return {
    ...api,
    ...made,
    /** A change of a Role or binding. */
    change: () => {
      changes += 1
      changedAt = performance.now()
    },
  }
}
