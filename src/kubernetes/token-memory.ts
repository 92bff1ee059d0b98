import type { Authentication } from '../access/authentication.ts'
import type { CreateCache } from '../access/cache.ts'
import type { Accounts } from './accounts.ts'
import { createKnownTokens, type KnownToken, type Periods } from './known-tokens.ts'
import type { CacheCounts } from './observer.ts'
import { createSharedCalls, type SharedCalls } from './shared-call.ts'

/** Whether the cluster signed a token: with a key of its own, certainly not, nobody can tell here, or not now. */
export type Signature = 'signed' | 'forged' | 'unknown' | 'overloaded'

/** All that is remembered of tokens, and the look-ups under way: for every list of audiences together. */
export type TokenMemory = Pick<ReturnType<typeof createKnownTokens>, 'keep'> & {
  readonly find: (digest: string) => KnownToken | undefined
  readonly hit: () => void
  readonly missed: () => void
  readonly calls: SharedCalls<Authentication>
  readonly signatures: SharedCalls<Signature>
  readonly counts: () => CacheCounts
}

export function createTokenMemory(
  createCache: CreateCache,
  accounts: Pick<Accounts, 'holds'>,
  periods: Periods,
): TokenMemory {
  const known = createKnownTokens(createCache, accounts, periods)
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
    calls: createSharedCalls(),
    signatures: createSharedCalls(),
    counts: () => ({ cache: 'token', entries: known.size(), hits, misses }),
  }
}
