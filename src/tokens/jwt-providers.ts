import { type Authentication, known, rejected } from '../access/authentication.ts'
import type { CreateCache } from '../access/cache.ts'
import type { Caller } from '../access/caller.ts'
import type { CredentialPlace } from '../access/decision.ts'
import type { Soon } from '../access/soon.ts'
import type { Line, Verifications } from '../access/turns.ts'
import { type FetchLimits, fetchingFrom, type KeyLocation } from './fetch-keys.ts'
import { type Fetched, FILE_PERIODS, type Periods } from './key-holder.ts'
import { type CallerMapping, readCaller } from './provider-caller.ts'
import { looksLikeJwt, readUnverified } from './unverified.ts'
import { createVerifier, type Verified, type Verifier } from './verifier.ts'

/** Who issues JWTs that are accepted here, as the installation's configuration defines it. */
export type JwtProvider = CallerMapping & {
  readonly name: string
  /** Compared as it is with `iss`. No two providers have the same. */
  readonly issuer: string
  readonly audiences: readonly string[]
  readonly algorithms: readonly string[]
  readonly types?: readonly string[]
  readonly keys: KeyLocation
  readonly places: readonly CredentialPlace[]
}

export type JwtProviders = {
  /** What is known of a token that was good before, by its digest; `undefined`: it is not remembered. */
  readonly remembered: (
    digest: string,
    places: readonly CredentialPlace[],
  ) => Authentication | undefined
  /** `undefined`: not a JWT. `line`: whose turn it waits for. */
  readonly authenticate: (
    token: string,
    digest: string,
    places: readonly CredentialPlace[],
    line: Line,
  ) => Soon<Authentication | undefined>
  /** Milliseconds since each provider's keys were fetched; `undefined`: never. */
  readonly keyAges: () => ReadonlyMap<string, number | undefined>
  /** The verified tokens that are remembered, and how often one was looked for. */
  readonly cacheCounts: () => {
    readonly entries: number
    readonly hits: number
    readonly misses: number
  }
  readonly close: () => void
}

export type ProvidersParts = {
  /** The error holds nothing that the issuer sent. */
  readonly onFailure: (provider: string, error: unknown) => void
  /** Told of each fetch as it ends. */
  readonly onFetched?: (result: 'success' | 'error', seconds: number) => void
  readonly periods?: Partial<Periods>
  readonly limits?: Partial<FetchLimits>
  readonly createCache: CreateCache
  readonly verifications: Verifications
}

type Issuer = { readonly provider: JwtProvider; readonly verifier: Verifier<Caller> }

/** Starts fetching the keys of every provider at once; one that does not answer holds up nobody else. */
export function createJwtProviders(
  providers: readonly JwtProvider[],
  parts: ProvidersParts,
): JwtProviders {
  const issuers: readonly Issuer[] = providers.map((provider) => ({
    provider,
    verifier: verifierOf(provider, parts),
  }))
  const byIssuer = new Map(issuers.map((issuer) => [issuer.provider.issuer, issuer]))
  let hits = 0
  let misses = 0

  return {
    remembered: (digest, places) => {
      for (const { provider, verifier } of issuers) {
        const remembered = verifier.remembered(digest)
        if (remembered !== undefined) {
          hits += 1
          return accepts(provider, places) ? conclude(remembered) : rejected('unknown-issuer')
        }
      }
      return undefined
    },
    authenticate: (token, digest, places, line) => {
      const jwt = readUnverified(token)
      if (jwt === undefined) return looksLikeJwt(token) ? rejected('invalid-token') : undefined
      const issuer = byIssuer.get(jwt.issuer ?? '')
      if (issuer === undefined || !accepts(issuer.provider, places)) {
        return rejected('unknown-issuer')
      }
      misses += 1
      return issuer.verifier.verify(token, digest, jwt, line).then(conclude)
    },
    keyAges: () =>
      new Map(issuers.map(({ provider, verifier }) => [provider.name, verifier.keyAge()])),
    cacheCounts: () => ({
      entries: issuers.reduce((sum, { verifier }) => sum + verifier.size(), 0),
      hits,
      misses,
    }),
    close: () => {
      for (const { verifier } of issuers) verifier.close()
    },
  }
}

const accepts = ({ places }: JwtProvider, shown: readonly CredentialPlace[]): boolean =>
  shown.some(({ kind, name }) => places.some((place) => place.kind === kind && place.name === name))

const conclude = (verified: Verified<Caller>): Authentication =>
  verified.kind === 'refused' ? rejected(verified.reason) : known(verified.value)

function verifierOf(provider: JwtProvider, parts: ProvidersParts): Verifier<Caller> {
  const usual = provider.keys.kind === 'file' ? FILE_PERIODS : {}
  return createVerifier<Caller>({
    expected: provider,
    fetchKeys: fetchingFrom(provider.keys, parts.limits),
    onFetched: ({ keys, error, seconds }: Fetched) => {
      parts.onFetched?.(keys === undefined ? 'error' : 'success', seconds)
      if (keys === undefined) parts.onFailure(provider.name, error)
      else if (keys.exposed > 0) parts.onFailure(provider.name, new Error(EXPOSED))
    },
    read: (claims) => readCaller(provider, claims),
    periods: { ...usual, ...parts.periods },
    createCache: parts.createCache,
    verifications: parts.verifications,
  })
}

const EXPOSED = 'keys that are private or symmetric stand in the set, and are not used'
