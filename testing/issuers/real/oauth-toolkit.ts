import { generateKeyPairSync } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { freePort } from '../../free-ports.ts'
import { askForTokens, CALLBACK, codeIn, createBrowser, postForm } from './oauth-client.ts'
import { startServer } from './start-server.ts'

const SERVER = path.join(import.meta.dirname, 'oauth_toolkit_server.py')
const SECRET = 'secret-of-clients'
const NOTEBOOKS = { id: 'notebooks', secret: SECRET }
const BATCH = { id: 'batch', secret: SECRET }
export const ASKING = { id: 'kserve-authz', secret: SECRET }

export const createRsaKey = () =>
  generateKeyPairSync('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  }).privateKey

/** django-oauth-toolkit on loopback. It signs ID tokens with the first key, and publishes all. */
export async function startOauthToolkit(python: string, first: readonly string[]) {
  const folder = await mkdtemp(path.join(tmpdir(), 'oauth-toolkit-'))
  const port = await freePort()
  const url = `http://127.0.0.1:${port}/o`
  const start = (keys: readonly string[]) =>
    startServer('django-oauth-toolkit', [python, SERVER], {
      OAUTH_TOOLKIT_SETTINGS: JSON.stringify({
        port,
        keys,
        issuer: url,
        secret: SECRET,
        database: path.join(folder, 'db.sqlite3'),
      }),
    })
  let server = await start(first)

  return {
    issuer: url,
    introspection: `${url}/introspect/`,
    byClientCredentials: () =>
      askForTokens(`${url}/token/`, BATCH, { grant_type: 'client_credentials', scope: 'predict' }),
    /** As the user ada. */
    byCode: async () => {
      const asked = new URLSearchParams({
        client_id: NOTEBOOKS.id,
        response_type: 'code',
        redirect_uri: CALLBACK,
        scope: 'openid predict',
      })
      const code = codeIn(await createBrowser().open(`${url}/authorize/?${asked.toString()}`))
      return askForTokens(`${url}/token/`, NOTEBOOKS, {
        grant_type: 'authorization_code',
        code,
        redirect_uri: CALLBACK,
      })
    },
    byRefresh: (refresh: string) =>
      askForTokens(`${url}/token/`, NOTEBOOKS, {
        grant_type: 'refresh_token',
        refresh_token: refresh,
      }),
    revoke: (token: string) => postForm(`${url}/revoke_token/`, NOTEBOOKS, { token }),
    /** Starts anew with these keys; all tokens stay. */
    restart: async (keys: readonly string[]) => {
      await server.stop()
      server = await start(keys)
    },
    stop: async () => {
      await server.stop()
      await rm(folder, { recursive: true, force: true })
    },
  }
}
