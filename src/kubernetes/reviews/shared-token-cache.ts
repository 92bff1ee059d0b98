// The cached results and calls in flight that all lists of audiences share.

import type { Authentication } from '../../access/authentication.ts'
import type { CreateCache } from '../../common/cache.ts'
import type { CachePeriods } from '../../common/cache-periods.ts'
import type { CacheCounts } from '../../common/measurements.ts'
import { createSingleFlight, type SingleFlight } from '../../common/single-flight.ts'
import { type CachedToken, createTokenCache } from './token-cache.ts'
import type { TokenOwners } from './token-owners.ts'

/** Whether the cluster signed a token: yes, certainly not, cannot tell, or not verified under load. */
export type SignatureVerdict = 'signed' | 'forged' | 'unknown' | 'overloaded'

/** The cached results for tokens, and the look-ups in flight, shared by all lists of audiences. */
export type SharedTokenCache = Pick<ReturnType<typeof createTokenCache>, 'keep'> & {
  readonly find: (digest: string) => CachedToken | undefined
  readonly hit: () => void
  readonly missed: () => void
  readonly calls: SingleFlight<Authentication>
  readonly signatures: SingleFlight<SignatureVerdict>
  readonly counts: () => CacheCounts
}

export function createSharedTokenCache(
  createCache: CreateCache,
  accounts: Pick<TokenOwners, 'holds'>,
  periods: CachePeriods,
): SharedTokenCache {
  const known = createTokenCache(createCache, accounts, periods)
  let hits = 0
  let misses = 0
  return {
    find: known.find,
    keep: known.keep,
    hit: () => {
      hits += 1
    },
    missed: () => {
      misses += 1
    },
    calls: createSingleFlight(),
    signatures: createSingleFlight(),
    counts: () => ({ cache: 'token', entries: known.size(), hits, misses }),
  }
}
