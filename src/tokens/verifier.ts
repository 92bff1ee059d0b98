import { LRUCache } from 'lru-cache'
import type { Soon } from '../access/soon.ts'
import { CLOCK_SKEW_SECONDS, type Expected } from './check-claims.ts'
import { createKeyHolder, type KeyHolder, type Periods } from './key-holder.ts'
import type { Claims, UnverifiedJwt } from './unverified.ts'
import { type Verification, verifyJwt } from './verify.ts'

/** Verifies the tokens of one issuer and remembers those that were good until they expire. */
export type Verifier<T> = {
  /** What `read` made of the claims, or why the token is refused. The digest is the token's. */
  readonly verify: (token: string, digest: string, unverified: UnverifiedJwt) => Soon<Verified<T>>
  readonly keyAge: () => number | undefined
  readonly close: () => void
}

export type Verified<T> =
  | { readonly kind: 'verified'; readonly value: T }
  | Extract<Verification, { kind: 'refused' }>

export type VerifierParts<T> = {
  readonly expected: Expected
  readonly fetchKeys: () => Promise<unknown>
  readonly onFailure: (error: unknown) => void
  readonly read: (claims: Claims) => Verified<T>
  readonly periods?: Partial<Periods>
}

const MAX_REMEMBERED = 10_000

/** Starts fetching the issuer's keys at once. */
export function createVerifier<T>(parts: VerifierParts<T>): Verifier<T> {
  const { expected, read } = parts
  const good = new LRUCache<string, { readonly value: T; readonly until: number }>({
    max: MAX_REMEMBERED,
  })
  // What one set of keys vouched for, another may not.
  let generation = 0
  const holder: KeyHolder = createKeyHolder({
    fetchKeys: parts.fetchKeys,
    onFailure: parts.onFailure,
    onChange: () => {
      generation += 1
      good.clear()
    },
    ...(parts.periods === undefined ? {} : { periods: parts.periods }),
  })

  return {
    verify: (token, digest, unverified) => {
      const remembered = good.get(digest)
      if (remembered === undefined) return verifyAnew(token, digest, unverified)
      return remembered.until > Date.now()
        ? { kind: 'verified', value: remembered.value }
        : { kind: 'refused', reason: 'expired-token' }
    },
    keyAge: holder.age,
    close: holder.close,
  }

  async function verifyAnew(
    token: string,
    digest: string,
    unverified: UnverifiedJwt,
  ): Promise<Verified<T>> {
    const begun = generation
    const verification = await verifyJwt(token, unverified, expected, holder)
    if (verification.kind === 'refused') return verification
    const verified = read(verification.claims)
    if (verified.kind === 'verified' && begun === generation) {
      good.set(digest, { value: verified.value, until: endOf(verification.claims) })
    }
    return verified
  }
}

/** Milliseconds since the epoch. */
const endOf = ({ exp }: Claims): number =>
  typeof exp === 'number' ? (exp + CLOCK_SKEW_SECONDS) * 1_000 : 0
