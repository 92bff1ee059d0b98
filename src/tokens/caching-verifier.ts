// Verifies the tokens of one issuer, and caches valid ones.

import type { Claims } from '../access/claim-path.ts'
import { CLOCK_SKEW_SECONDS } from '../access/clock-skew.ts'
import type { QueueKey, Verifications } from '../access/queue-key.ts'
import type { Cache, CacheBounds, CreateCache } from '../common/cache.ts'
import type { Expected } from './check-claims.ts'
import type { DecodedJwt } from './decode-token.ts'
import { createInFlight } from './in-flight.ts'
import type { Jwks } from './jwks.ts'
import { createJwksCache, type Fetched, type JwksPeriods } from './jwks-cache.ts'
import { type Refused, refusedFor, verifyJwt } from './verify-jwt.ts'

/** Verifies the tokens of one issuer, and caches valid ones until they expire. */
export type CachingVerifier<T> = {
  /** The cached result for a valid token with this digest; `undefined`: not cached. */
  readonly remembered: (digest: string) => Verified<T> | undefined
  /**
   * The result of `read` for the claims, or why the token is refused. `digest` is the token's; `queueKey` is
   * the queue it waits in, and its tenant holds the cache entry.
   */
  readonly verify: (
    token: string,
    digest: string,
    jwt: DecodedJwt,
    queueKey: QueueKey,
  ) => Promise<Verified<T>>
  /** The number of cached tokens. */
  readonly size: () => number
  /** Milliseconds since the keys were fetched; `undefined`: never. */
  readonly keyAge: () => number | undefined
  readonly close: () => void
}

export type Verified<T> = { readonly kind: 'verified'; readonly value: T } | Refused

export type VerifierParts<T> = {
  readonly expected: Expected
  readonly fetchKeys: (signal: AbortSignal) => Promise<unknown>
  readonly onFetched: (fetched: Fetched) => void
  readonly read: (claims: Claims) => Verified<T>
  readonly periods: Partial<JwksPeriods>
  readonly createCache: CreateCache
  /** Shared by all issuers. */
  readonly verifications: Verifications
}

type Good<T> = {
  readonly verified: Verified<T>
  readonly keys: Jwks
  /** Milliseconds since the epoch. */
  readonly until: number
}

/** Bytes are the length of the tokens; a cached result is about as large. */
export const REMEMBERED: CacheBounds = { entries: 10_000, bytes: 32 * 1024 * 1024 }
/** How long an expired token stays cached as expired, in milliseconds. */
const EXPIRED_MS = 60 * 60_000

/** Verifications that wait for keys or for their turn. */
export const IN_FLIGHT = { inAll: 4_096, perTenant: 1_024 }

const OVERLOADED: Verified<never> = { kind: 'refused', reason: 'overloaded' }
const EXPIRED: Verified<never> = refusedFor({ cause: 'expired', claim: 'exp' })

/** Starts fetching the issuer's keys at once. */
export function createCachingVerifier<T>(parts: VerifierParts<T>): CachingVerifier<T> {
  const { expected, fetchKeys, onFetched, periods, read, createCache, verifications } = parts
  let good: Cache<Good<T>> = createCache(REMEMBERED)
  /** By digest. */
  const underWay = createInFlight<Verified<T>>(IN_FLIGHT)
  const onChange = () => {
    good = createCache(REMEMBERED)
  }
  const holder = createJwksCache({ fetchKeys, onFetched, onChange, periods })

  return {
    remembered: (digest) => {
      const found = good.get(digest)
      // A result depends on its set of keys, and no set is trusted forever.
      if (found === undefined || found.keys !== holder.current()) return undefined
      return found.until > Date.now() ? found.verified : EXPIRED
    },
    verify: (token, digest, jwt, queueKey) => {
      const verify = () => verifyAnew(token, digest, jwt, queueKey)
      const verified = underWay.join(digest, queueKey.tenant, verify)
      if (verified === undefined) verifications.shed()
      return verified ?? Promise.resolve(OVERLOADED)
    },
    size: () => good.size(),
    keyAge: holder.age,
    close: holder.close,
  }

  async function verifyAnew(token: string, digest: string, jwt: DecodedJwt, queueKey: QueueKey) {
    const verification = await verifyJwt(token, jwt, expected, holder, (verify) =>
      verifications.inTurn(queueKey, verify),
    )
    if (verification.kind === 'refused') return verification
    const verified = read(jwt.claims)
    const { keys } = verification
    if (keys === holder.current()) {
      const until = endOf(jwt.claims, expected)
      const cost = { size: token.length, holder: queueKey.tenant }
      good.set(digest, { verified, keys, until }, until - Date.now() + EXPIRED_MS, cost)
    }
    return verified
  }
}

const endOf = ({ exp }: Claims, { clockSkew = CLOCK_SKEW_SECONDS }: Expected): number =>
  typeof exp === 'number' ? (exp + clockSkew) * 1_000 : 0
