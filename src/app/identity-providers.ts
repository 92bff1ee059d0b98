// Converts configured identity providers to the terms of tokens/.

import type { CredentialPlace } from '../access/decision.ts'
import { isSecureUrl } from '../common/secure-url.ts'
import type { Config } from '../config/read-config.ts'
import type { FetchRoute } from '../tokens/exchange.ts'
import type { JwksLocation } from '../tokens/fetch-jwks.ts'
import type { IntrospectionProvider } from '../tokens/introspection-providers.ts'
import type { JwtProvider } from '../tokens/jwt-providers.ts'

type ProviderConfig = Config['jwt']['providers'][number]

type Proxies = NonNullable<FetchRoute['proxies']>

const ALGORITHMS = ['RS256', 'ES256']

/** The providers whose keys verify tokens, in the form that tokens/ needs. `proxies`: as of `proxiesIn`. */
export const jwtProvidersIn = (
  { jwt }: Pick<Config, 'jwt'>,
  proxies: Proxies = {},
): readonly JwtProvider[] =>
  jwt.providers
    .filter(({ introspection }) => introspection === undefined)
    .map((provider) => ({
      ...providerOf(provider, proxies),
      algorithms: provider.algorithms ?? ALGORITHMS,
      keys: keysOf(provider),
      ...(provider.types === undefined ? {} : { types: provider.types }),
    }))

/** The providers that are asked about tokens, in the form that tokens/ needs. */
export const introspectionProvidersIn = (
  { jwt }: Pick<Config, 'jwt'>,
  proxies: Proxies = {},
): readonly IntrospectionProvider[] =>
  jwt.providers.flatMap((provider) => {
    if (provider.introspection === undefined) return []
    const { tokenPrefixes, ...introspection } = provider.introspection
    return {
      ...providerOf(provider, proxies),
      introspection,
      ...(tokenPrefixes === undefined ? {} : { tokenPrefixes }),
    }
  })

/** What both kinds of providers have. */
function providerOf(provider: ProviderConfig, proxies: Proxies) {
  const { name, issuer, clockSkew, caFile, requiredClaims, user, rbac } = provider
  return {
    name,
    issuer,
    ...audiencesOf(provider),
    places: placesOf(provider).map(({ place }) => place),
    route: { proxies, ...(caFile === undefined ? {} : { caFile }) },
    rbac: rbac && {
      username: rbac.username,
      groups: rbac.groups,
      authenticated: rbac.systemAuthenticated ?? true,
    },
    ...(clockSkew === undefined ? {} : { clockSkew }),
    ...(requiredClaims === undefined
      ? {}
      : { requiredClaims: new Map(Object.entries(requiredClaims)) }),
    ...(user === undefined ? {} : { user: { claim: user.claim, prefix: user.prefix ?? '' } }),
  }
}

/** The audiences of a provider, and their claim. */
const audiencesOf = ({ audiences }: Pick<ProviderConfig, 'audiences'>) =>
  'claim' in audiences
    ? { audiences: audiences.values, audienceClaim: audiences.claim }
    : { audiences, audienceClaim: 'aud' }

/** The places of its tokens in a request, and the prefix in each. */
export const placesOf = ({
  from,
}: ProviderConfig): readonly { readonly place: CredentialPlace; readonly prefix: string }[] => [
  ...from.headers.map(({ name, prefix = '' }) => ({
    place: { kind: 'header' as const, name },
    prefix,
  })),
  ...from.cookies.map((name) => ({ place: { kind: 'cookie' as const, name }, prefix: '' })),
]

function keysOf({ issuer, jwksUri, jwksFile }: ProviderConfig): JwksLocation {
  if (jwksFile !== undefined) return { kind: 'file', file: jwksFile }
  return jwksUri === undefined ? { kind: 'discovery', issuer } : { kind: 'uri', uri: jwksUri }
}

const PROXIES = ['HTTPS_PROXY', 'https_proxy', 'HTTP_PROXY', 'http_proxy', 'NO_PROXY', 'no_proxy']

type Environment = Readonly<Record<string, string | undefined>>

/** The standard environment variables for HTTP proxies. */
export const proxiesIn = (env: Environment): Environment =>
  Object.fromEntries(PROXIES.map((name) => [name, env[name]]))

/** The names of the providers that are reached over plain http. */
export const insecureProvidersIn = ({ jwt }: Pick<Config, 'jwt'>): readonly string[] =>
  jwt.providers
    .filter(({ introspection, jwksFile, jwksUri, issuer }) =>
      introspection === undefined
        ? !jwksFile && !isSecureUrl(jwksUri ?? issuer)
        : !isSecureUrl(introspection.url),
    )
    .map(({ name }) => name)
