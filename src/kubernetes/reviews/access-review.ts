// Asks for permissions by SubjectAccessReview, and caches the answers.

import { hash } from 'node:crypto'
import { groupsOf, type NamedCaller } from '../../access/caller.ts'
import type { Permission } from '../../access/decide.ts'
import type { NonResourceAttributes, ResourceAttributes } from '../../access/permissions.ts'
import { type QueueKey, queueKeyOf, refreshKeyOf } from '../../access/queue-key.ts'
import type { ServiceRef } from '../../access/service.ts'
import type { Cache, CacheBounds, CreateCache } from '../../common/cache.ts'
import type { CachePeriods } from '../../common/cache-periods.ts'
import { isRecord } from '../../common/json.ts'
import type { MaybePromise } from '../../common/maybe-promise.ts'
import type { CacheCounts } from '../../common/measurements.ts'
import { createSingleFlight } from '../../common/single-flight.ts'
import type { RbacGeneration } from './rbac-generation.ts'
import { createReviewClient, type ReviewKind, type ReviewParts } from './review-client.ts'

type Attributes = ResourceAttributes | NonResourceAttributes

export type AccessReviews = {
  /** Whether a caller has a permission, on behalf of a service. Never rejects. */
  readonly permits: (
    caller: NamedCaller,
    service: ServiceRef,
    attributes: Attributes,
  ) => MaybePromise<Permission>
  /** Whether a cached answer grants it. */
  readonly grants: (
    caller: NamedCaller,
    service: ServiceRef,
    attributes: ResourceAttributes,
  ) => boolean
  readonly counts: () => CacheCounts
}

export type AccessReviewParts = ReviewParts & {
  readonly createCache: CreateCache
  readonly periods: CachePeriods
  readonly changes: Pick<RbacGeneration, 'generation' | 'age'>
  /** The only namespace to ask about, by LocalSubjectAccessReview, which its admins may create; absent: any. */
  readonly namespace?: string | undefined
}

type Verdict = {
  readonly permission: Permission
  /** The RBAC generation when it was requested. */
  readonly changes: number
  /** When it is refreshed if it is in use, as `performance.now()`. */
  dueAt: number
}

export const KNOWN: CacheBounds = { entries: 50_000, bytes: 16 * 1024 * 1024 }

const SUBJECT_ACCESS_REVIEW: ReviewKind = {
  dependency: 'subjectaccessreview',
  path: '/apis/authorization.k8s.io/v1/subjectaccessreviews',
  permission: 'create subjectaccessreviews.authorization.k8s.io',
}

const localReviewIn = (namespace: string): ReviewKind => ({
  dependency: 'localsubjectaccessreview',
  path: `/apis/authorization.k8s.io/v1/namespaces/${namespace}/localsubjectaccessreviews`,
  permission: `create localsubjectaccessreviews.authorization.k8s.io in namespace ${namespace}`,
})

/** Asks the API server what callers may do, once for identical calls in flight, and caches the answers. */
export function createAccessReviews(parts: AccessReviewParts): AccessReviews {
  const { periods, changes, namespace: only } = parts
  const kind = only === undefined ? SUBJECT_ACCESS_REVIEW : localReviewIn(only)
  const questions = createReviewClient(kind, parts)
  const verdicts: Cache<Verdict> = parts.createCache(KNOWN)
  const calls = createSingleFlight<Permission>()
  const names = new WeakMap<NamedCaller, string>()
  let hits = 0
  let misses = 0

  return {
    permits: (caller, service, attributes) => {
      const key = keyOf(caller, attributes)
      const count = changes.generation(service.namespace)
      // A call started before a change is not joined after it.
      const call = `${count} ${key}`
      const verdict = verdicts.get(key)
      if (verdict?.changes === count) {
        hits += 1
        if (verdict.dueAt <= performance.now()) {
          verdict.dueAt = performance.now() + periods.againMs
          const queueKey = refreshKeyOf(service)
          void calls.join(call, () => inquire({ caller, attributes, queueKey, key, count }))
        }
        return verdict.permission
      }
      misses += 1
      const queueKey = queueKeyOf(service)
      return calls.join(call, () => inquire({ caller, attributes, queueKey, key, count }))
    },
    grants: (caller, service, attributes) => {
      const verdict = verdicts.get(keyOf(caller, attributes))
      return verdict?.permission === 'yes' && isCurrent(verdict, service)
    },
    counts: () => ({ cache: 'permission', entries: verdicts.size(), hits, misses }),
  }

  function keyOf(caller: NamedCaller, attributes: Attributes): string {
    return `${nameOf(caller)} ${attributes.key}`
  }

  function isCurrent(verdict: Verdict, { namespace }: ServiceRef): boolean {
    return verdict.changes === changes.generation(namespace)
  }

  /** A digest of everything about the caller that the answer depends on. */
  function nameOf(caller: NamedCaller): string {
    const known = names.get(caller)
    if (known !== undefined) return known
    const { kind, user, uid, extra } = caller
    const name = hash(
      'sha256',
      JSON.stringify([kind, user, uid, groupsOf(caller), extra]),
      'base64',
    )
    names.set(caller, name)
    return name
  }

  /** Continues if nobody waits for it. */
  async function inquire({ caller, attributes, queueKey, key, count }: Inquiry) {
    const { tenant: namespace } = queueKey
    const ageMs = changes.age(namespace)
    const outcome = await questions.ask(queueKey, reviewOf(caller, attributes, only))
    if (outcome.kind !== 'answered') return outcome.kind
    const permission = readReview(outcome.content)
    if (permission === 'unavailable' || changes.generation(namespace) !== count) return permission
    const { positiveMs, negativeMs, aheadMs } = periods
    const ttlMs = Math.min(permission === 'yes' ? positiveMs : negativeMs, trustedMs(ageMs))
    const dueAt = ttlMs < positiveMs ? NEVER : performance.now() + ttlMs - aheadMs
    verdicts.set(key, { permission, changes: count, dueAt }, ttlMs, {
      size: key.length,
      holder: namespace,
    })
    return permission
  }
}

const NEVER = Number.POSITIVE_INFINITY
const SHORTEST_TRUST_MS = 250

/**
 * The API server may see a change of RBAC later than this program. So an answer soon after a change is cached
 * only for as long as the change is old.
 */
const trustedMs = (ageMs: number): number => Math.max(SHORTEST_TRUST_MS, ageMs)

type Inquiry = {
  readonly caller: NamedCaller
  readonly attributes: Attributes
  /** Its tenant is the namespace whose changes of RBAC count. */
  readonly queueKey: QueueKey
  readonly key: string
  /** The RBAC generation. */
  readonly count: number
}

/** Contains no text from the client. */
const reviewOf = (
  caller: NamedCaller,
  attributes: Attributes,
  only: string | undefined,
): unknown => ({
  apiVersion: 'authorization.k8s.io/v1',
  kind: only === undefined ? 'SubjectAccessReview' : 'LocalSubjectAccessReview',
  ...(only === undefined ? {} : { metadata: { namespace: only } }),
  spec: {
    user: caller.user,
    groups: groupsOf(caller),
    extra: caller.extra,
    ...(caller.uid === undefined ? {} : { uid: caller.uid }),
    ...specOf(attributes),
  },
})

function specOf(attributes: Attributes) {
  if ('path' in attributes) {
    const { verb, path } = attributes
    return { nonResourceAttributes: { verb, path } }
  }
  const { verb, group, resource, namespace, name } = attributes
  return { resourceAttributes: { verb, group, resource, namespace, name } }
}

/** A denial with an error means that some authorizer could not be asked. */
function readReview(answer: unknown): Permission {
  const status = isRecord(answer) ? answer.status : undefined
  if (!isRecord(status)) return 'unavailable'
  const { allowed, denied, evaluationError: error } = status
  if (denied === true) return 'no'
  if (allowed === true) return 'yes'
  return typeof error === 'string' && error !== '' ? 'unavailable' : 'no'
}
