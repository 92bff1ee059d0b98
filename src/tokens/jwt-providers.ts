// Authenticates JWTs of the configured identity providers.

import { type Authentication, refused } from '../access/authentication.ts'
import type { Caller } from '../access/caller.ts'
import type { CredentialPlace } from '../access/decision.ts'
import type { QueueKey, Verifications } from '../access/queue-key.ts'
import type { CreateCache } from '../common/cache.ts'
import type { MaybePromise } from '../common/maybe-promise.ts'
import { type CachingVerifier, createCachingVerifier } from './caching-verifier.ts'
import { type CallerMapping, mapCaller } from './caller-mapping.ts'
import type { Expected } from './check-claims.ts'
import { chooseProvider } from './choose-provider.ts'
import { type DecodedJwt, decodeToken, looksLikeJwt } from './decode-token.ts'
import type { FetchRoute } from './exchange.ts'
import { type FetchLimits, type JwksLocation, jwksFetcher } from './fetch-jwks.ts'
import { type Fetched, JWKS_FILE_PERIODS, type JwksPeriods } from './jwks-cache.ts'
import { createLeftOutReport } from './left-out-jwks.ts'
import { accepts, conclude, wrongPlace } from './provider-answer.ts'

/** A configured identity provider. */
export type JwtProvider = CallerMapping &
  Expected & {
    readonly name: string
    /** Compared byte for byte with `iss`. Providers with the same issuer differ in audiences or required claims. */
    readonly issuer: string
    readonly audiences: readonly string[]
    readonly keys: JwksLocation
    readonly route?: FetchRoute
    readonly places: readonly CredentialPlace[]
  }

export type JwtProviders = {
  /** The cached result for a valid token, by digest; `undefined`: not cached. */
  readonly remembered: (
    digest: string,
    places: readonly CredentialPlace[],
  ) => Authentication | undefined
  /** `undefined`: not a JWT. `queueKey`: the queue it waits in. `jwt`: the token, if it is decoded already. */
  readonly authenticate: (
    token: string,
    digest: string,
    places: readonly CredentialPlace[],
    queueKey: QueueKey,
    jwt?: DecodedJwt,
  ) => MaybePromise<Authentication | undefined>
  /** Whether a provider has this issuer. */
  readonly has: (issuer: string | undefined) => boolean
  /** Milliseconds since each provider's keys were fetched; `undefined`: never. */
  readonly keyAges: () => ReadonlyMap<string, number | undefined>
  /** The number of cached tokens, with hits and misses. */
  readonly cacheCounts: () => {
    readonly entries: number
    readonly hits: number
    readonly misses: number
  }
  readonly close: () => void
}

export type ProvidersParts = {
  /** The error contains nothing that the issuer sent. */
  readonly onFailure: (provider: string, error: unknown) => void
  /** Called once for each unused key, with the cause. */
  readonly onLeftOut?: (provider: string, keys: string) => void
  /** Called for groups of a token that cannot be read. */
  readonly onOddGroups?: (provider: string, count: number) => void
  /** Called at the end of each fetch. */
  readonly onFetched?: (result: 'success' | 'error', seconds: number) => void
  readonly periods?: Partial<JwksPeriods>
  readonly limits?: Partial<FetchLimits>
  readonly createCache: CreateCache
  readonly verifications: Verifications
}

type Issuer = { readonly provider: JwtProvider; readonly verifier: CachingVerifier<Caller> }

/** Starts fetching the keys of every provider immediately; one that does not answer does not delay the others. */
export function createJwtProviders(
  providers: readonly JwtProvider[],
  parts: ProvidersParts,
): JwtProviders {
  const issuers: readonly Issuer[] = providers.map((provider) => ({
    provider,
    verifier: verifierOf(provider, parts),
  }))
  const byIssuer = Map.groupBy(issuers, ({ provider }) => provider.issuer)
  let hits = 0
  let misses = 0

  return {
    remembered: (digest, places) => {
      for (const { provider, verifier } of issuers) {
        const remembered = verifier.remembered(digest)
        if (remembered !== undefined) {
          hits += 1
          return accepts(provider, places) ? conclude(provider, remembered) : wrongPlace(provider)
        }
      }
      return undefined
    },
    authenticate: (token, digest, places, queueKey, jwt = decodeToken(token)) => {
      if (jwt === undefined) {
        return looksLikeJwt(token) ? refused({ cause: 'unreadable' }) : undefined
      }
      const choice = chooseProvider(byIssuer.get(jwt.issuer ?? '') ?? [], jwt)
      if ('refusal' in choice) return refused(choice.refusal)
      const { provider, verifier } = choice.chosen
      if (!accepts(provider, places)) return wrongPlace(provider)
      misses += 1
      return verifier
        .verify(token, digest, jwt, queueKey)
        .then((verified) => conclude(provider, verified))
    },
    has: (issuer) => issuer !== undefined && byIssuer.has(issuer),
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

function verifierOf(provider: JwtProvider, parts: ProvidersParts): CachingVerifier<Caller> {
  const tellLeftOut = createLeftOutReport((keys) => parts.onLeftOut?.(provider.name, keys))
  const usual = provider.keys.kind === 'file' ? JWKS_FILE_PERIODS : {}
  return createCachingVerifier<Caller>({
    expected: provider,
    fetchKeys: jwksFetcher(provider.keys, parts.limits, provider.route),
    onFetched: ({ keys, error, seconds }: Fetched) => {
      parts.onFetched?.(keys === undefined ? 'error' : 'success', seconds)
      if (keys === undefined) parts.onFailure(provider.name, error)
      else tellLeftOut(keys.leftOut)
    },
    read: (claims) =>
      mapCaller(provider, claims, (count) => parts.onOddGroups?.(provider.name, count)),
    periods: { ...usual, ...parts.periods },
    createCache: parts.createCache,
    verifications: parts.verifications,
  })
}
