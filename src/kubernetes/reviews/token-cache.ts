import type { Authentication } from '../../access/authentication.ts'
import type { Cache, CacheBounds, CreateCache } from '../../common/cache.ts'
import type { TokenBinding } from './token-binding.ts'
import type { HeldOwners, TokenOwners } from './token-owners.ts'

/** All in milliseconds. */
export type TokenCachePeriods = {
  /** What was found out in a caller's favour is believed for so long, and what was not. */
  readonly positiveMs: number
  readonly negativeMs: number
  /** Of what is in use, so long before its end it is asked for again. */
  readonly aheadMs: number
  /** If that failed, so long afterwards again. */
  readonly againMs: number
}

export const TOKEN_CACHE_PERIODS: TokenCachePeriods = {
  positiveMs: 60_000,
  negativeMs: 5_000,
  aheadMs: 15_000,
  againMs: 3_000,
}

/** What a token says of itself, as far as it matters for how long it is good. */
export type TokenLifetime = {
  readonly binding: TokenBinding | undefined
  /** Milliseconds since the epoch; `undefined`: it has no end. */
  readonly expiresAt: number | undefined
}

export type CachedToken = {
  readonly authentication: Authentication
  readonly lifetime: TokenLifetime
  /** As its objects were when it was asked for. */
  readonly held: HeldOwners
  /** Whether a key of the cluster is known to have signed it. */
  readonly isSigned: boolean
  /** `performance.now()` from which on it is to be asked for again, if it is in use. */
  dueAt: number
}

export const GOOD: CacheBounds = { entries: 10_000, bytes: 32 * 1024 * 1024 }
export const BAD: CacheBounds = { entries: 2_000, bytes: 2 * 1024 * 1024 }

/** Remembers what became of tokens, by a digest of each; bad ones apart, so that they do not drive out good ones. */
export function createTokenCache(
  createCache: CreateCache,
  accounts: Pick<TokenOwners, 'holds'>,
  periods: TokenCachePeriods,
) {
  const good: Cache<CachedToken> = createCache(GOOD)
  const bad: Cache<CachedToken> = createCache(BAD)

  const valid = (found: CachedToken | undefined): CachedToken | undefined =>
    found !== undefined && accounts.holds(found.held, found.lifetime.binding) ? found : undefined

  return {
    find: (digest: string): CachedToken | undefined =>
      valid(good.get(digest)) ?? valid(bad.get(digest)),
    /** Unless its objects have changed since it was asked for. `holder`: the namespace that asked. */
    keep: (digest: string, known: Omit<CachedToken, 'dueAt'>, holder: string) => {
      const { authentication, lifetime, held, isSigned } = known
      if (!accounts.holds(held, lifetime.binding)) return
      // Nothing else of what was handed in: that may hold the token.
      const kept = { lifetime, held, isSigned }
      if (authentication.kind === 'rejected') {
        good.delete(digest)
        bad.set(digest, { ...kept, authentication, dueAt: NEVER }, periods.negativeMs, { holder })
        return
      }
      const ttlMs = Math.min(periods.positiveMs, (lifetime.expiresAt ?? NEVER) - Date.now())
      // Nothing new can be said of one that ends by itself.
      const dueAt =
        ttlMs < periods.positiveMs ? NEVER : performance.now() + dueMs(ttlMs, periods.aheadMs)
      const text = JSON.stringify(authentication)
      const before = good.get(digest)?.authentication
      // The former object, if it says the same: what was derived from it holds on.
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

/** At times that differ a little, so that not all that was asked for together is so again. */
const dueMs = (ttlMs: number, aheadMs: number): number => ttlMs - aheadMs * (1 + Math.random() / 2)
