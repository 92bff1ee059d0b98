import { type Authentication, known, rejected } from '../access/authentication.ts'
import type { Caller } from '../access/caller.ts'
import type { CredentialPlace } from '../access/decision.ts'
import type { QueueKey, Verifications } from '../access/queue-key.ts'
import type { CreateCache } from '../common/cache.ts'
import type { MaybePromise } from '../common/maybe-promise.ts'
import { type CachingVerifier, createCachingVerifier, type Verified } from './caching-verifier.ts'
import { type CallerMapping, mapCaller } from './caller-mapping.ts'
import { decodeToken, looksLikeJwt } from './decode-token.ts'
import { type FetchLimits, type JwksLocation, jwksFetcher } from './fetch-jwks.ts'
import { type Fetched, JWKS_FILE_PERIODS, type JwksPeriods } from './jwks-cache.ts'

/** Who issues JWTs that are accepted here, as the installation's configuration defines it. */
export type JwtProvider = CallerMapping & {
  readonly name: string
  /** Compared as it is with `iss`. No two providers have the same. */
  readonly issuer: string
  readonly audiences: readonly string[]
  readonly algorithms: readonly string[]
  readonly types?: readonly string[]
  readonly keys: JwksLocation
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
    queueKey: QueueKey,
  ) => MaybePromise<Authentication | undefined>
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
  readonly periods?: Partial<JwksPeriods>
  readonly limits?: Partial<FetchLimits>
  readonly createCache: CreateCache
  readonly verifications: Verifications
}

type Issuer = { readonly provider: JwtProvider; readonly verifier: CachingVerifier<Caller> }

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
    authenticate: (token, digest, places, queueKey) => {
      const jwt = decodeToken(token)
      if (jwt === undefined) return looksLikeJwt(token) ? rejected('invalid-token') : undefined
      const issuer = byIssuer.get(jwt.issuer ?? '')
      if (issuer === undefined || !accepts(issuer.provider, places)) {
        return rejected('unknown-issuer')
      }
      misses += 1
      return issuer.verifier.verify(token, digest, jwt, queueKey).then(conclude)
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

function verifierOf(provider: JwtProvider, parts: ProvidersParts): CachingVerifier<Caller> {
  const usual = provider.keys.kind === 'file' ? JWKS_FILE_PERIODS : {}
  return createCachingVerifier<Caller>({
    expected: provider,
    fetchKeys: jwksFetcher(provider.keys, parts.limits),
    onFetched: ({ keys, error, seconds }: Fetched) => {
      parts.onFetched?.(keys === undefined ? 'error' : 'success', seconds)
      if (keys === undefined) parts.onFailure(provider.name, error)
      else if (keys.exposed > 0) parts.onFailure(provider.name, new Error(EXPOSED))
    },
    read: (claims) => mapCaller(provider, claims),
    periods: { ...usual, ...parts.periods },
    createCache: parts.createCache,
    verifications: parts.verifications,
  })
}

const EXPOSED = 'keys that are private or symmetric stand in the set, and are not used'
