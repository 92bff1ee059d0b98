import { generateKeyPairSync } from 'node:crypto'
import path from 'node:path'
import { freePort } from '../../free-ports.ts'
import {
  askForTokens,
  CALLBACK,
  codeIn,
  createBrowser,
  postForm,
  type Tokens,
} from './oauth-client.ts'
import type { OidcProviderSettings } from './oidc-provider-server.ts'
import { startServer } from './start-server.ts'

const SERVER = path.join(import.meta.dirname, 'oidc-provider-server.ts')
const NOTEBOOKS = { id: 'notebooks', secret: 'secret-of-notebooks' }
/** The client that may introspect. */
export const ASKING = { id: 'kserve-authz', secret: 'secret-of-kserve-authz' }

/** A private key to sign with, as a JWK. */
export const createKey = (kid: string): object => ({
  ...generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ format: 'jwk' }),
  kid,
  use: 'sig',
  alg: 'ES256',
})

const client = ({ id, secret }: typeof ASKING, given: object) => ({
  client_id: id,
  client_secret: secret,
  id_token_signed_response_alg: 'ES256',
  response_types: [],
  redirect_uris: [],
  grant_types: [],
  ...given,
})

/** The package oidc-provider on loopback. It signs with the first key. */
export async function startOidcProvider(packages: string, first: readonly object[]) {
  const port = await freePort()
  const issuer = `http://127.0.0.1:${port}`
  const start = (keys: readonly object[]) => {
    const settings: OidcProviderSettings = {
      packages,
      port,
      keys,
      clients: [
        client(NOTEBOOKS, {
          grant_types: ['authorization_code', 'refresh_token', 'client_credentials'],
          response_types: ['code'],
          redirect_uris: [CALLBACK],
        }),
        client(ASKING, {}),
      ],
    }
    return startServer('oidc-provider', [process.execPath, SERVER], {
      OIDC_PROVIDER_SETTINGS: JSON.stringify(settings),
    })
  }
  let server = await start(first)
  const tokens = (form: Readonly<Record<string, string>>): Promise<Tokens> =>
    askForTokens(`${issuer}/token`, NOTEBOOKS, form)

  return {
    issuer,
    introspection: `${issuer}/token/introspection`,
    /** `urn:jwt`: JWTs; `urn:models`: opaque tokens. */
    byClientCredentials: (resource: string) =>
      tokens({ grant_type: 'client_credentials', scope: 'predict', resource }),
    /** Logs in as this user, and consents. */
    byCode: async (user: string, resource: string) => {
      const { open } = createBrowser()
      const asked = new URLSearchParams({
        client_id: NOTEBOOKS.id,
        response_type: 'code',
        redirect_uri: CALLBACK,
        scope: 'openid offline_access predict',
        prompt: 'consent',
        resource,
      })
      const form = await open(`${issuer}/auth?${asked.toString()}`)
      const consent = await open(form, { prompt: 'login', login: user, password: 'any' })
      const code = codeIn(await open(consent, { prompt: 'consent' }))
      return tokens({ grant_type: 'authorization_code', code, redirect_uri: CALLBACK, resource })
    },
    byRefresh: (refresh: string, resource: string) =>
      tokens({ grant_type: 'refresh_token', refresh_token: refresh, resource }),
    revoke: (token: string) => postForm(`${issuer}/token/revocation`, NOTEBOOKS, { token }),
    /** Starts anew with these keys: JWTs stay, opaque tokens are gone. */
    restart: async (keys: readonly object[]) => {
      await server.stop()
      server = await start(keys)
    },
    stop: () => server.stop(),
  }
}
