// Authenticates the tokens of one provider by introspection, and caches the results.

import type { Caller } from '../access/caller.ts'
import { type Asker, holdersOf } from '../access/identify.ts'
import { type QueueKey, queueKeyOf, refreshKeyOf } from '../access/queue-key.ts'
import type { Cache, CacheBounds, CreateCache } from '../common/cache.ts'
import { type CachePeriods, dueAtFor } from '../common/cache-periods.ts'
import {
  type CallLimits,
  createDependencyCalls,
  type Observer,
} from '../common/dependency-calls.ts'
import type { MaybePromise } from '../common/maybe-promise.ts'
import type { RateLimits } from '../common/rate-limits.ts'
import { createSingleFlight } from '../common/single-flight.ts'
import type { Verified } from './caching-verifier.ts'
import { type CallerMapping, mapCaller } from './caller-mapping.ts'
import { checkIntrospection, type ExpectedOfAnswer } from './check-introspection.ts'
import type { FetchRoute } from './exchange.ts'
import {
  type Introspected,
  type IntrospectionEndpoint,
  introspect,
  readCallError,
} from './introspect.ts'
import { refusedFor } from './verify-jwt.ts'

export type IntrospectionParts = {
  readonly provider: ExpectedOfAnswer &
    CallerMapping & { readonly introspection: IntrospectionEndpoint; readonly route?: FetchRoute }
  readonly budgets: RateLimits
  readonly observer: Observer
  /** Called for each failed call, with a fixed sentence. */
  readonly failed: (problem: string) => void
  readonly onOddGroups: (count: number) => void
  readonly createCache: CreateCache
  readonly periods: CachePeriods
  readonly limits?: Partial<CallLimits>
}

export type Introspection = {
  /** The cached result for a token, by digest; `undefined`: not cached, or due for a refresh. */
  readonly remembered: (digest: string) => Verified<Caller> | undefined
  readonly authenticate: (
    token: string,
    digest: string,
    asker: Asker,
  ) => MaybePromise<Verified<Caller>>
  /** The number of cached results. */
  readonly size: () => number
}

type Active = {
  readonly verified: Verified<Caller>
  /** When it is refreshed if it is in use, as `performance.now()`. */
  dueAt: number
}

export const ACTIVE: CacheBounds = { entries: 10_000, bytes: 32 * 1024 * 1024 }
export const NOT_ACTIVE: CacheBounds = { entries: 2_000, bytes: 2 * 1024 * 1024 }
/** How long a token is cached whose `exp` the issuer's clock has not reached yet, in milliseconds. */
const PAST_EXPIRY_MS = 1_000

const OVERLOADED: Verified<never> = { kind: 'refused', reason: 'overloaded' }
const UNAVAILABLE: Verified<never> = { kind: 'refused', reason: 'authentication-unavailable' }
const INACTIVE: Verified<never> = refusedFor({ cause: 'inactive' })

/** One call at a time for each token. */
export function createIntrospection(parts: IntrospectionParts): Introspection {
  const { provider, budgets, observer, periods } = parts
  const active: Cache<Active> = parts.createCache(ACTIVE)
  /** Separate, so that refused tokens do not evict active ones. */
  const inactive: Cache<Verified<Caller>> = parts.createCache(NOT_ACTIVE)
  const inFlight = createSingleFlight<Verified<Caller>>()
  const calls = createDependencyCalls<string, Introspected>({
    dependency: 'introspection',
    send: (token, signal) =>
      introspect(provider.introspection, provider.route ?? {}, token, signal),
    read: readCallError,
    late: 'the issuer did not answer in time',
    observer,
    failed: parts.failed,
    limits: parts.limits,
  })

  return {
    remembered: (digest) => {
      const found = active.get(digest)
      if (found === undefined) return inactive.get(digest)
      return found.dueAt > performance.now() ? found.verified : undefined
    },
    authenticate: (token, digest, asker) => {
      const found = active.get(digest)
      if (found !== undefined) {
        refresh(token, digest, found, asker)
        return found.verified
      }
      const underWay = inFlight.underWay(digest)
      if (underWay !== undefined) return underWay
      const spent = budgets(holdersOf(asker))
      if (spent !== undefined) {
        observer.shed(`introspection-${spent}`)
        return OVERLOADED
      }
      return inFlight.join(digest, () => inquire(token, digest, queueKeyOf(asker.service)))
    },
    size: () => active.size() + inactive.size(),
  }

  /** Runs in the background. */
  function refresh(token: string, digest: string, found: Active, { service }: Asker) {
    if (found.dueAt > performance.now()) return
    found.dueAt = performance.now() + periods.againMs
    void inFlight.join(digest, () => inquire(token, digest, refreshKeyOf(service)))
  }

  /** Continues if nobody waits for it. */
  async function inquire(token: string, digest: string, queueKey: QueueKey) {
    const outcome = await calls.ask(queueKey, token)
    if (outcome.kind === 'overloaded') return OVERLOADED
    if (outcome.kind === 'unavailable') return UNAVAILABLE
    return keep(digest, outcome.content, queueKey.tenant)
  }

  function keep(digest: string, found: Introspected, holder: string): Verified<Caller> {
    const verified = found === undefined ? INACTIVE : readCaller(found)
    if (found === undefined || verified.kind === 'refused') {
      active.delete(digest)
      inactive.set(digest, verified, periods.negativeMs, { holder })
      return verified
    }
    const ttlMs = ttlOf(found.claims.exp, periods)
    inactive.delete(digest)
    active.set(digest, { verified, dueAt: dueAtFor(ttlMs, periods) }, ttlMs, {
      size: found.length,
      holder,
    })
    return verified
  }

  function readCaller({ claims }: NonNullable<Introspected>): Verified<Caller> {
    const problem = checkIntrospection(claims, provider, Date.now() / 1_000)
    return problem === undefined
      ? mapCaller(provider, claims, parts.onOddGroups)
      : refusedFor(problem)
  }
}

/** A result is cached until the token expires, at most. */
function ttlOf(exp: unknown, { positiveMs }: CachePeriods): number {
  if (typeof exp !== 'number') return positiveMs
  return Math.min(positiveMs, Math.max(PAST_EXPIRY_MS, exp * 1_000 - Date.now()))
}
