import path from 'node:path'
import { pathToFileURL } from 'node:url'

/** How a test starts it: as JSON in the environment. */
export type OidcProviderSettings = {
  /** Where its package is installed. */
  readonly packages: string
  readonly port: number
  readonly keys: readonly object[]
  readonly clients: readonly object[]
}

/** The parts of the package that are used here. */
type Provider = {
  readonly listen: (port: number, host: string, listening: () => void) => unknown
  readonly on: (event: string, told: (...args: readonly unknown[]) => void) => unknown
}
type Module = { readonly Provider: new (issuer: string, configuration: object) => Provider }

/** Tokens for a resource whose name ends in jwt are JWTs, others are opaque. */
const resourceServer = (_context: unknown, resource: string) => ({
  scope: 'predict',
  audience: 'models',
  accessTokenTTL: 600,
  accessTokenFormat: resource.endsWith('jwt') ? 'jwt' : 'opaque',
  jwt: { sign: { alg: 'ES256' } },
})

async function start({ packages, port, keys, clients }: OidcProviderSettings) {
  const file = path.join(packages, 'node_modules/oidc-provider/lib/index.js')
  const { Provider }: Module = await import(pathToFileURL(file).href)
  const provider = new Provider(`http://127.0.0.1:${port}`, {
    clients,
    jwks: { keys },
    scopes: ['openid', 'offline_access', 'predict'],
    claims: { openid: ['sub', 'groups'] },
    // Claims of the user in ID tokens, as many issuers have them.
    conformIdTokenClaims: false,
    extraTokenClaims: () => ({ groups: ['ml'] }),
    findAccount: (_context: unknown, id: string) => ({
      accountId: id,
      claims: () => ({ sub: id, groups: ['ml'] }),
    }),
    cookies: { keys: ['a key of tests'] },
    pkce: { required: () => false },
    features: {
      clientCredentials: { enabled: true },
      introspection: { enabled: true },
      revocation: { enabled: true },
      resourceIndicators: {
        enabled: true,
        defaultResource: () => 'urn:models',
        useGrantedResource: () => true,
        getResourceServerInfo: resourceServer,
      },
    },
  })
  provider.on('server_error', (_context, error) => console.error(error))
  provider.listen(port, '127.0.0.1', () => console.log('listening'))
}

if (import.meta.main) await start(JSON.parse(process.env.OIDC_PROVIDER_SETTINGS ?? ''))
