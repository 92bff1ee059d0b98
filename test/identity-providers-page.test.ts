import { readFileSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { CORE_SCHEMA, load } from 'js-yaml'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { refused } from '../src/access/authentication.ts'
import { TOKEN_CAUSES } from '../src/access/token-refusal.ts'
import { introspection } from '../src/config/introspection.ts'
import { provider } from '../src/config/jwt.ts'
import { readConfig } from '../src/config/read-config.ts'
import { shapeOf } from '../src/config/shape.ts'
import { LEFT_OUT_CAUSES } from '../src/envoy/identity-headers.ts'
import { modelBehind } from '../testing/identity-engine.ts'
import { startAuthorizationServer } from '../testing/issuers/authorization-server.ts'
import { type Claims, createSigner, nowSeconds } from '../testing/issuers/oidc-issuer.ts'
import { at, listAt, textAt } from '../testing/json.ts'
import { rowsUnder } from '../testing/markdown.ts'

const page = readFileSync(new URL('../docs/identity-providers.md', import.meta.url), 'utf8')

const namesIn = (cell = '') => [...cell.matchAll(/`([^`]+)`/g)].map(([, name = '']) => name)

const RECIPE = /^### (.+)\n\n```yaml\n([\s\S]*?)```\n\n```json\n([\s\S]*?)```\n\nThe trap: /gm
const recipes = [...page.matchAll(RECIPE)].map(([, name = '', yaml = '', json = '']) => ({
  name,
  config: load(yaml, { schema: CORE_SCHEMA }),
  text: yaml,
  claims: JSON.parse(json) as Claims,
}))

/** The user of each recipe's token. */
const WHO: Readonly<Record<string, readonly [user: string, groups: string | undefined]>> = {
  Keycloak: ['keycloak:ada', 'keycloak:ml,keycloak:offline_access'],
  'Entra ID': [
    'entra:22222222-2222-4222-8222-222222222222',
    'entra:44444444-4444-4444-8444-444444444444',
  ],
  Okta: ['okta:ada@example.com', 'okta:Everyone,okta:ml'],
  Auth0: ['auth0:auth0|6463c3c9b6d2e5f0a1b2c3d4', 'auth0:ml'],
  'Google IAP': ['iap:ada@example.com', undefined],
  'Dex in Kubeflow': ['dex:user@example.com', 'dex:ml-team'],
  'AWS Cognito': ['cognito:ada', 'cognito:ml'],
  'Another Kubernetes cluster': ['other:system:serviceaccount:batch:scorer', undefined],
  'GitHub Actions': ['github:octo-org/octo-repo', undefined],
}

let folder = ''
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'recipes-'))
})
afterAll(() => rm(folder, { recursive: true }))

type Recipe = (typeof recipes)[number]

/** The recipe with our keys in a file, and a function that sends a token where the recipe expects it. */
async function installed({ config, claims }: Recipe) {
  const [given] = listAt(at(config, 'jwt'), 'providers')
  const [algorithm] = listAt(given, 'algorithms')
  const signer = createSigner(algorithm === 'ES256' ? 'ES256' : 'RS256')
  const jwksFile = path.join(folder, `${textAt(given, 'name')}.json`)
  await writeFile(jwksFile, JSON.stringify({ keys: [signer.jwk] }))
  const { jwksUri: _, ...rest } = Object(given)
  const jwt = { providers: [{ ...rest, jwksFile }] }
  const { ask } = await modelBehind({
    config: { ...Object(config), jwt },
    policy: { allow: [{}] },
  })
  const [header] = listAt(at(given, 'from'), 'headers')
  const name = textAt(header, 'name') || 'authorization'
  const prefix = name === 'authorization' ? 'Bearer ' : ''
  const times = { iat: nowSeconds(), exp: nowSeconds() + 300 }
  return (changed: Claims = {}) =>
    ask({ [name]: prefix + signer.sign({ ...times, ...claims, ...changed }) })
}

describe('a recipe', () => {
  it('exists for each of them', () => {
    expect(recipes.map(({ name }) => name)).toEqual(Object.keys(WHO))
  })

  it.each(recipes)('$name is a valid configuration as it is', ({ text }) => {
    const config = readConfig({ file: { path: 'recipe.yaml', text }, env: {}, flags: {} })
    expect(config.jwt.providers).toHaveLength(1)
  })

  it.each(recipes)('$name identifies the user and the groups of such a token', async (recipe) => {
    const ask = await installed(recipe)
    const { answer, set, steps } = await ask()
    expect([answer, steps]).toEqual(['allow', expect.anything()])
    expect([set['x-auth-request-user'], set['x-auth-request-groups']]).toEqual(WHO[recipe.name])
  })

  it.each(recipes)('$name refuses a token for another audience', async (recipe) => {
    const ask = await installed(recipe)
    const claim = 'client_id' in recipe.claims ? 'client_id' : 'aud'
    expect((await ask({ [claim]: 'another' })).answer).toBe('wrong-audience')
    expect((await ask({ [claim]: undefined })).answer).toBe('wrong-audience')
    expect((await ask({ iss: 'https://another.example.com' })).answer).toBe('unknown-issuer')
  })

  it.each<[name: string, changed: Claims, answer: string]>([
    ['Keycloak', { typ: 'ID' }, 'invalid-token'],
    ['Keycloak', { aud: 'account' }, 'wrong-audience'],
    ['Keycloak', { email_verified: false }, 'allow'],
    ['Auth0', { iss: 'https://example.eu.auth0.com' }, 'unknown-issuer'],
    ['AWS Cognito', { token_use: 'id' }, 'invalid-token'],
    ['AWS Cognito', { username: undefined }, 'allow'],
    ['Dex in Kubeflow', { email_verified: false }, 'invalid-token'],
    ['GitHub Actions', { repository_owner_id: '7' }, 'invalid-token'],
    ['GitHub Actions', { repository_owner_id: undefined }, 'invalid-token'],
  ])('%s with %j: %s', async (name, changed, answer) => {
    const recipe = recipes.find((each) => each.name === name)
    if (recipe === undefined) throw new Error(`there is no recipe ${name}`)
    const ask = await installed(recipe)
    expect((await ask(changed)).answer).toBe(answer)
  })

  it('Dex in Kubeflow passes on the e-mail address', async () => {
    const recipe = recipes.find(({ name }) => name.startsWith('Dex'))
    if (recipe === undefined) throw new Error('there is no recipe for Dex')
    const { set } = await (await installed(recipe))()
    expect(set['kubeflow-userid']).toBe('user@example.com')
  })
})

describe('the page of identity providers', () => {
  it('has every cause of a refusal, with its reason', () => {
    const rows = rowsUnder(['cause', 'reason', 'meaning'], page)
    expect(rows.map(([cause, reason]) => [namesIn(cause)[0], namesIn(reason)[0]])).toEqual(
      TOKEN_CAUSES.map((cause) => [cause, refused({ cause }).reason]),
    )
  })

  it('has every key of a provider', () => {
    const rows = rowsUnder(['key', 'meaning'], page)
    const named = rows.flatMap(([key]) => namesIn(key)).filter((name) => !name.includes('.'))
    expect(named.toSorted()).toEqual(Object.keys(shapeOf(provider)).toSorted())
  })

  it('has every cause for which a value is left out', () => {
    const section = page.slice(page.indexOf('## What the model gets'))
    expect(LEFT_OUT_CAUSES.filter((cause) => !section.includes(`(\`${cause}\`)`))).toEqual([])
  })
})

describe('the recipe for opaque tokens', () => {
  const [section = ''] = /^## Opaque tokens\n[\s\S]*?(?=^## )/m.exec(page) ?? []
  const [, yaml = ''] = /```yaml\n([\s\S]*?)```/.exec(section) ?? []
  const [, json = ''] = /```json\n([\s\S]*?)```/.exec(section) ?? []
  const [given] = listAt(at(load(yaml, { schema: CORE_SCHEMA }), 'jwt'), 'providers')

  it('is a configuration as it stands', () => {
    const config = readConfig({ file: { path: 'recipe.yaml', text: yaml }, env: {}, flags: {} })
    expect(config.jwt.providers).toHaveLength(1)
  })

  it.each<[changed: object, answer: string]>([
    [{}, 'allow'],
    [{ active: false }, 'invalid-token'],
    [{ aud: [] }, 'wrong-audience'],
    [{ token_use: 'refresh_token' }, 'invalid-token'],
  ])('with %j: %s', async (changed, answer) => {
    const token = 'ory_at_token'
    const server = await startAuthorizationServer({ [token]: { ...JSON.parse(json), ...changed } })
    const clientSecretFile = path.join(folder, 'client-secret')
    await writeFile(clientSecretFile, 'secret\n')
    const { introspection: recipe, ...rest } = Object(given)
    const asked = { ...recipe, url: server.url, clientSecretFile }
    const { ask } = await modelBehind({
      config: { jwt: { providers: [{ ...rest, introspection: asked }] } },
      policy: { allow: [{}] },
    })
    const told = await ask({ authorization: `Bearer ${token}` })
    expect(told.answer).toBe(answer)
    if (answer === 'allow') expect(told.set['x-auth-request-groups']).toBe('hydra:ml')
    await server.stop()
  })

  it('has every key of introspection', () => {
    const rows = rowsUnder(['key of `introspection`', 'meaning'], page)
    expect(rows.flatMap(([key]) => namesIn(key)).toSorted()).toEqual(
      Object.keys(shapeOf(introspection)).toSorted(),
    )
  })
})
