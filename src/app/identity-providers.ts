import type { CredentialPlace } from '../access/decision.ts'
import type { Config } from '../config/read-config.ts'
import type { JwksLocation } from '../tokens/fetch-jwks.ts'
import type { JwtProvider } from '../tokens/jwt-providers.ts'

type ProviderConfig = Config['jwt']['providers'][number]

/** A provider of the configuration as tokens/ knows it. */
export const jwtProviderOf = (provider: ProviderConfig): JwtProvider => ({
  ...provider,
  keys: keysOf(provider),
  places: placesOf(provider).map(({ place }) => place),
  rbac: provider.rbac && { username: provider.rbac.username, groups: provider.rbac.groups },
})

/** Where its tokens stand in a request, and what stands before them. */
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
