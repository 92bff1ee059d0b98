import type { Cache, CreateCache } from '../access/cache.ts'
import type { Caller } from '../access/caller.ts'
import type { Permission } from '../access/decide.ts'
import { idOf, type ServiceKind, type ServiceRef } from '../access/service.ts'
import type { Soon } from '../access/soon.ts'
import type { ApiServer } from './api-server.ts'
import { isFields } from './fields.ts'
import { createSharedCalls } from './shared-call.ts'
import { REVIEW_PERIODS, type ReviewPeriods } from './token-review.ts'

export type AccessReviews = {
  /** Whether a caller may `get` a service. Never rejects. */
  readonly permits: (caller: Caller, service: ServiceRef) => Soon<Permission>
  /** What was found out before about services of this namespace counts no more; `''`: of any. */
  readonly forget: (namespace: string) => void
}

/** A verdict, and when it was asked for. */
type Verdict = { readonly permission: Permission; readonly asked: string }

const MAX_KNOWN = 50_000
const MAX_CALLS = 64
const PATH = '/apis/authorization.k8s.io/v1/subjectaccessreviews'

const RESOURCES = {
  InferenceService: 'inferenceservices',
  InferenceGraph: 'inferencegraphs',
  LLMInferenceService: 'llminferenceservices',
} as const satisfies Record<ServiceKind, string>

/** Asks the API server what callers may do, once for identical questions, and remembers the answers. */
export function createAccessReviews(
  api: ApiServer,
  createCache: CreateCache,
  periods: ReviewPeriods = REVIEW_PERIODS,
): AccessReviews {
  const verdicts: Cache<Verdict> = createCache(MAX_KNOWN)
  const share = createSharedCalls<Permission>(MAX_CALLS)
  const names = new WeakMap<Caller, string>()
  const changes = new Map<string, number>()

  return {
    permits: (caller, service) => {
      const key = `${nameOf(caller)} ${idOf(service)}`
      const now = ageOf(service.namespace)
      const verdict = verdicts.get(key)
      if (verdict?.asked === now) return verdict.permission
      // One that was begun before a change is no answer for those who ask after it.
      return share(`${now} ${key}`, () => ask(caller, service, key, now)) ?? 'unavailable'
    },
    forget: (namespace) => changes.set(namespace, (changes.get(namespace) ?? 0) + 1),
  }

  function ageOf(namespace: string): string {
    return `${changes.get('') ?? 0}.${changes.get(namespace) ?? 0}`
  }

  /** Everything about the caller that the answer depends on. */
  function nameOf(caller: Caller): string {
    const { kind, user, uid, groups, extra } = caller
    const name = names.get(caller) ?? JSON.stringify([kind, user, uid, groups, extra])
    names.set(caller, name)
    return name
  }

  async function ask(caller: Caller, service: ServiceRef, key: string, asked: string) {
    try {
      const answer = await api.send({
        method: 'POST',
        path: PATH,
        body: reviewOf(caller, service),
        signal: AbortSignal.timeout(periods.callMs),
      })
      const permission = readReview(answer)
      if (permission !== 'unavailable') {
        const ttl = permission === 'yes' ? periods.positiveMs : periods.negativeMs
        verdicts.set(key, { permission, asked }, ttl)
      }
      return permission
    } catch {
      return 'unavailable'
    }
  }
}

/** Nothing in it is the client's text. */
const reviewOf = (
  { user, uid, groups, extra }: Caller,
  { kind, namespace, name }: ServiceRef,
): unknown => ({
  apiVersion: 'authorization.k8s.io/v1',
  kind: 'SubjectAccessReview',
  spec: {
    user,
    groups,
    extra,
    ...(uid === undefined ? {} : { uid }),
    resourceAttributes: {
      verb: 'get',
      group: 'serving.kserve.io',
      resource: RESOURCES[kind],
      namespace,
      name,
    },
  },
})

function readReview(answer: unknown): Permission {
  const status = isFields(answer) ? answer.status : undefined
  if (!isFields(status)) return 'unavailable'
  return status.allowed === true && status.denied !== true ? 'yes' : 'no'
}
