// Caches the results of token look-ups.

import type { Authentication } from '../../access/authentication.ts'
import type { Cache, CacheBounds, CreateCache } from '../../common/cache.ts'
import { type CachePeriods, dueAtFor } from '../../common/cache-periods.ts'
import type { TokenBinding } from './token-binding.ts'
import type { HeldOwners, TokenOwners } from './token-owners.ts'

/** The claims that limit how long a token is valid. */
export type TokenLifetime = {
  readonly binding: TokenBinding | undefined
  /** Milliseconds since the epoch; `undefined`: it does not expire. */
  readonly expiresAt: number | undefined
}

export type CachedToken = {
  readonly authentication: Authentication
  readonly lifetime: TokenLifetime
  /** The state of its objects when it was requested. */
  readonly held: HeldOwners
  /** Whether a key of the cluster is known to have signed it. */
  readonly isSigned: boolean
  /** When it is refreshed if it is in use, as `performance.now()`. */
  dueAt: number
}

export const GOOD: CacheBounds = { entries: 10_000, bytes: 32 * 1024 * 1024 }
export const BAD: CacheBounds = { entries: 2_000, bytes: 2 * 1024 * 1024 }

/**
 * Caches the results for tokens, by digest. Negative results have a cache of their own, so that they do not
 * evict positive ones.
 */
export function createTokenCache(
  createCache: CreateCache,
  accounts: Pick<TokenOwners, 'holds'>,
  periods: CachePeriods,
) {
  const good: Cache<CachedToken> = createCache(GOOD)
  const bad: Cache<CachedToken> = createCache(BAD)

  const valid = (found: CachedToken | undefined): CachedToken | undefined =>
    found !== undefined && accounts.holds(found.held, found.lifetime.binding) ? found : undefined

  return {
    find: (digest: string): CachedToken | undefined =>
      valid(good.get(digest)) ?? valid(bad.get(digest)),
    /** Caches a result, unless its objects have changed since the request. `holder`: the namespace that asked. */
    keep: (digest: string, known: Omit<CachedToken, 'dueAt'>, holder: string) => {
      const { authentication, lifetime, held, isSigned } = known
      if (!accounts.holds(held, lifetime.binding)) return
      // Copies only these fields: the others may contain the token.
      const kept = { lifetime, held, isSigned }
      if (authentication.kind === 'rejected') {
        good.delete(digest)
        bad.set(digest, { ...kept, authentication, dueAt: NEVER }, periods.negativeMs, { holder })
        return
      }
      const ttlMs = Math.min(periods.positiveMs, (lifetime.expiresAt ?? NEVER) - Date.now())
      const dueAt = dueAtFor(ttlMs, periods)
      const text = JSON.stringify(authentication)
      const before = good.get(digest)?.authentication
      // Keeps the previous object if it is equal, so that data derived from it stays valid.
      const same = JSON.stringify(before) === text ? before : undefined
      bad.delete(digest)
      good.set(digest, { ...kept, authentication: same ?? authentication, dueAt }, ttlMs, {
        size: text.length,
        holder,
      })
    },
    size: () => good.size() + bad.size(),
  }
}

const NEVER = Number.POSITIVE_INFINITY
