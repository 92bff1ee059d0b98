// Authenticates the tokens of the providers that are asked by introspection.

import { type Authentication, refused } from '../access/authentication.ts'
import type { Caller } from '../access/caller.ts'
import type { CredentialPlace } from '../access/decision.ts'
import type { Asker } from '../access/identify.ts'
import type { CreateCache } from '../common/cache.ts'
import { CACHE_PERIODS, type CachePeriods } from '../common/cache-periods.ts'
import type { CallLimits, Observer } from '../common/dependency-calls.ts'
import { andThen, type MaybePromise } from '../common/maybe-promise.ts'
import { ALLOWANCES, type Allowances, createRateLimits } from '../common/rate-limits.ts'
import type { Verified } from './caching-verifier.ts'
import type { CallerMapping } from './caller-mapping.ts'
import type { ExpectedOfAnswer } from './check-introspection.ts'
import { chooseProvider } from './choose-provider.ts'
import type { DecodedJwt } from './decode-token.ts'
import type { FetchRoute } from './exchange.ts'
import type { IntrospectionEndpoint } from './introspect.ts'
import { createIntrospection, type Introspection } from './introspection.ts'
import { accepts, conclude, wrongPlace } from './provider-answer.ts'

/** A configured provider whose tokens are asked about. */
export type IntrospectionProvider = CallerMapping &
  ExpectedOfAnswer & {
    readonly name: string
    readonly issuer: string
    readonly introspection: IntrospectionEndpoint
    /** What its opaque tokens begin with; absent: anything. */
    readonly tokenPrefixes?: readonly string[]
    readonly route?: FetchRoute
    readonly places: readonly CredentialPlace[]
  }

export type IntrospectionProviders = {
  /** The cached result for a token, by digest; `undefined`: not cached. */
  readonly remembered: (
    digest: string,
    places: readonly CredentialPlace[],
  ) => Authentication | undefined
  /** Whether a provider has this issuer. */
  readonly has: (issuer: string | undefined) => boolean
  /** `jwt`: the token, if it is a JWT. `undefined`: no provider takes opaque tokens like it. */
  readonly authenticate: (
    shown: ShownToken,
    asker: Asker,
    jwt: DecodedJwt | undefined,
  ) => MaybePromise<Authentication | undefined>
  readonly cacheCounts: () => {
    readonly entries: number
    readonly hits: number
    readonly misses: number
  }
}

export type ShownToken = {
  readonly token: string
  readonly digest: string
  readonly places: readonly CredentialPlace[]
}

export type IntrospectionProvidersParts = {
  /** Called for each failed call, with a fixed sentence. */
  readonly onProblem: (provider: string, problem: string) => void
  readonly onOddGroups?: (provider: string, count: number) => void
  readonly observer: Observer
  readonly createCache: CreateCache
  readonly periods?: Partial<CachePeriods>
  readonly limits?: Partial<CallLimits>
  /** Per provider. */
  readonly allowances?: Allowances
}

type Asked = { readonly provider: IntrospectionProvider; readonly introspection: Introspection }

export function createIntrospectionProviders(
  providers: readonly IntrospectionProvider[],
  parts: IntrospectionProvidersParts,
): IntrospectionProviders {
  const all: readonly Asked[] = providers.map((provider) => ({
    provider,
    introspection: introspectionOf(provider, parts),
  }))
  const byIssuer = Map.groupBy(all, ({ provider }) => provider.issuer)
  let hits = 0
  let misses = 0

  return {
    remembered: (digest, places) => {
      for (const { provider, introspection } of all) {
        const remembered = introspection.remembered(digest)
        if (remembered === undefined) continue
        hits += 1
        return accepts(provider, places) ? conclude(provider, remembered) : wrongPlace(provider)
      }
      return undefined
    },
    has: (issuer) => issuer !== undefined && byIssuer.has(issuer),
    authenticate: ({ token, digest, places }, asker, jwt) => {
      const choice =
        jwt === undefined
          ? chooseForOpaque(all, token, places)
          : chooseProvider(byIssuer.get(jwt.issuer ?? '') ?? [], jwt)
      if (choice === undefined) return undefined
      if ('refusal' in choice) return refused(choice.refusal)
      const { provider, introspection } = choice.chosen
      if (!accepts(provider, places)) return wrongPlace(provider)
      misses += 1
      return andThen(
        introspection.authenticate(token, digest, asker),
        (verified: Verified<Caller>) => conclude(provider, verified),
      )
    },
    cacheCounts: () => ({
      entries: all.reduce((sum, { introspection }) => sum + introspection.size(), 0),
      hits,
      misses,
    }),
  }
}

/** No token is sent to two issuers: one could then use it at the other. */
function chooseForOpaque(
  all: readonly Asked[],
  token: string,
  places: readonly CredentialPlace[],
): ReturnType<typeof chooseProvider<Asked>> | undefined {
  const [chosen, ...others] = all.filter(
    ({ provider }) => accepts(provider, places) && isLike(token, provider),
  )
  if (others.length > 0) return { refusal: { cause: 'several-providers' } }
  return chosen === undefined ? undefined : { chosen }
}

const isLike = (token: string, { tokenPrefixes }: IntrospectionProvider): boolean =>
  tokenPrefixes?.some((prefix) => token.startsWith(prefix)) ?? true

const introspectionOf = (
  provider: IntrospectionProvider,
  { onProblem, onOddGroups, allowances = ALLOWANCES, ...parts }: IntrospectionProvidersParts,
): Introspection =>
  createIntrospection({
    provider,
    budgets: createRateLimits(allowances),
    observer: parts.observer,
    failed: (problem) => onProblem(provider.name, problem),
    onOddGroups: (count) => onOddGroups?.(provider.name, count),
    createCache: parts.createCache,
    periods: { ...CACHE_PERIODS, ...parts.periods },
    ...(parts.limits === undefined ? {} : { limits: parts.limits }),
  })
