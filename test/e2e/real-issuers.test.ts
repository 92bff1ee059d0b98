import { randomUUID } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { findIssuers, type IssuerPrograms } from '../../scripts/issuers.ts'
import { bearer, modelBehind } from '../../testing/identity-engine.ts'
import {
  createRsaKey,
  startOauthToolkit,
  ASKING as TOOLKIT_CLIENT,
} from '../../testing/issuers/real/oauth-toolkit.ts'
import { ASKING, createKey, startOidcProvider } from '../../testing/issuers/real/oidc-provider.ts'

const ALL = { allow: [{}] }
const COOL_DOWN_MS = 20_000
const RBAC = {
  username: { claim: 'sub', prefix: 'idp:' },
  groups: { claim: 'groups', prefix: 'idp:' },
}

const stops: (() => unknown)[] = []
afterAll(async () => {
  for (const stop of stops.splice(0).toReversed()) await stop()
})

let programs: IssuerPrograms
let folder = ''

beforeAll(async () => {
  programs = await findIssuers(() => {})
  folder = await mkdtemp(path.join(tmpdir(), 'real-issuers-'))
  stops.push(() => rm(folder, { recursive: true }))
})

async function introspectionBy(url: string, { id, secret }: typeof ASKING) {
  const clientSecretFile = path.join(folder, randomUUID())
  await writeFile(clientSecretFile, `${secret}\n`)
  return { url, clientId: id, clientSecretFile }
}

const behind = (provider: object, policy: object = ALL) =>
  modelBehind({ config: { jwt: { providers: [provider] } }, policy })

describe('oidc-provider', () => {
  const [one, two] = [createKey('one'), createKey('two')]
  let issuer: Awaited<ReturnType<typeof startOidcProvider>>

  beforeAll(async () => {
    issuer = await startOidcProvider(programs.packages, [one])
    stops.push(issuer.stop)
  })

  /** Its keys are discovered. */
  const withKeys = (given: object = {}) => ({
    name: 'idp',
    issuer: issuer.issuer,
    audiences: ['models'],
    algorithms: ['ES256'],
    rbac: RBAC,
    ...given,
  })

  it('is discovered, and its JWTs are accepted: of client credentials, of a code, of a refresh', async () => {
    const { ask } = await behind(withKeys())
    const client = await issuer.byClientCredentials('urn:jwt')
    const user = await issuer.byCode('ada', 'urn:jwt')
    const renewed = await issuer.byRefresh(user.refresh, 'urn:jwt')

    for (const [token, name] of [
      [client.access, 'idp:notebooks'],
      [user.access, 'idp:ada'],
      [renewed.access, 'idp:ada'],
    ] as const) {
      const { answer, set, steps } = await ask(bearer(token))
      expect([answer, steps]).toEqual(['allow', expect.anything()])
      expect([set['x-auth-request-user'], set['x-auth-request-groups']]).toEqual([name, 'idp:ml'])
    }
  })

  it('has ID tokens for the client, which are no access tokens, and refresh tokens, which are none', async () => {
    const { ask } = await behind(withKeys())
    const { id, refresh } = await issuer.byCode('ada', 'urn:jwt')
    expect((await ask(bearer(id))).answer).toBe('wrong-audience')
    expect((await ask(bearer(refresh))).answer).toBe('unknown-api-key')
    const { ask: askForClient } = await behind(withKeys({ audiences: ['notebooks'] }))
    expect((await askForClient(bearer(id))).set['x-auth-request-user']).toBe('idp:ada')
  })

  it('has tokens whose scope and client rules can name', async () => {
    const rules = {
      allow: [{ from: [{ claims: { scope: ['predict'], client_id: ['notebooks'] } }] }],
    }
    const { ask } = await behind(withKeys({ rbac: undefined }), rules)
    const { access } = await issuer.byClientCredentials('urn:jwt')
    expect((await ask(bearer(access))).answer).toBe('allow')
    const others = { allow: [{ from: [{ claims: { scope: ['admin'] } }] }] }
    const { ask: askOthers } = await behind(withKeys({ rbac: undefined }), others)
    expect((await askOthers(bearer(access))).answer).toBe('not-permitted')
  })

  it('changes its keys: the old token counts until its key is gone, the new key is found at once', async () => {
    const { ask } = await behind(withKeys())
    const old = await issuer.byClientCredentials('urn:jwt')
    expect((await ask(bearer(old.access))).answer).toBe('allow')
    await issuer.restart([two, one])
    const next = await issuer.byClientCredentials('urn:jwt')
    expect((await ask(bearer(next.access))).answer).toBe('allow')
    expect((await ask(bearer(old.access))).answer).toBe('allow')
    await issuer.restart([two])
    const later = await behind(withKeys())
    expect((await later.ask(bearer(next.access))).answer).toBe('allow')
    expect((await later.ask(bearer(old.access))).answer).toBe('invalid-token')
  })

  it('changes a key under its name: the new one is found within the cool-down, and the old one is gone', async () => {
    await issuer.restart([createKey('one')])
    const { ask } = await behind(withKeys())
    const old = await issuer.byClientCredentials('urn:jwt')
    expect((await ask(bearer(old.access))).answer).toBe('allow')
    await issuer.restart([createKey('one')])
    const next = await issuer.byClientCredentials('urn:jwt')
    await expect
      .poll(async () => (await ask(bearer(next.access))).answer, { timeout: COOL_DOWN_MS })
      .toBe('allow')
    expect((await ask(bearer(old.access))).answer).toBe('invalid-token')
  })

  describe('by introspection', () => {
    const asked = async (given: object = {}) => ({
      name: 'idp',
      issuer: issuer.issuer,
      audiences: ['models'],
      rbac: { username: RBAC.username },
      introspection: await introspectionBy(issuer.introspection, ASKING),
      ...given,
    })

    it('tells of its opaque tokens: of client credentials, of a code, of a refresh', async () => {
      const { ask } = await behind(await asked())
      const client = await issuer.byClientCredentials('urn:models')
      const user = await issuer.byCode('ada', 'urn:models')
      const renewed = await issuer.byRefresh(user.refresh, 'urn:models')
      const { answer, steps } = await ask(bearer(client.access))
      expect([answer, steps]).toEqual(['allow', expect.anything()])
      for (const token of [user.access, renewed.access]) {
        const told = await ask(bearer(token))
        expect([told.answer, told.set['x-auth-request-user']]).toEqual(['allow', 'idp:ada'])
      }
    })

    it('refuses what nobody issued, what is revoked, and refresh tokens', async () => {
      const { ask } = await behind(await asked())
      const { access } = await issuer.byCode('ada', 'urn:models')
      expect((await issuer.revoke(access)).status).toBe(200)
      expect((await ask(bearer(access))).answer).toBe('invalid-token')
      expect((await ask(bearer('never-issued'))).answer).toBe('invalid-token')
      const { refresh } = await issuer.byCode('ada', 'urn:models')
      expect((await ask(bearer(refresh))).answer).toBe('wrong-audience')
    })

    it('has rules of its own beside keys: both kinds of tokens of one issuer', async () => {
      const both = [withKeys({ name: 'keys' }), await asked()]
      const { ask } = await modelBehind({
        config: { jwt: { providers: both.map((each) => ({ ...each, rbac: undefined })) } },
        policy: ALL,
      })
      const tokens = await Promise.all(['urn:jwt', 'urn:models'].map(issuer.byClientCredentials))
      for (const { access } of tokens) expect((await ask(bearer(access))).answer).toBe('allow')
    })

    it('is an outage if it refuses the client, and its log says so', async () => {
      const faults: string[] = []
      const wrong = await introspectionBy(issuer.introspection, {
        id: 'kserve-authz',
        secret: 'no',
      })
      const { ask } = await modelBehind({
        config: { jwt: { providers: [await asked({ introspection: wrong })] } },
        policy: ALL,
        faults,
      })
      expect((await ask(bearer('any'))).answer).toBe('authentication-unavailable')
      expect(faults).toEqual([
        'problem with the introspection of identity provider idp: the issuer refuses the client credentials with status 401',
      ])
    })
  })
})

describe('django-oauth-toolkit', () => {
  const [one, two] = [createRsaKey(), createRsaKey()]
  let issuer: Awaited<ReturnType<typeof startOauthToolkit>>

  beforeAll(async () => {
    issuer = await startOauthToolkit(programs.python, [one])
    stops.push(issuer.stop)
  })

  /** It tells neither audience nor subject of an opaque token. */
  const asked = async (given: object = {}) => ({
    name: 'django',
    issuer: issuer.issuer,
    audiences: { claim: 'client_id', values: ['notebooks', 'batch'] },
    user: { claim: 'username', prefix: 'django:' },
    introspection: await introspectionBy(issuer.introspection, TOOLKIT_CLIENT),
    ...given,
  })

  it('tells of its opaque tokens by introspection, without issuer and audience', async () => {
    const { ask } = await behind(await asked(), {
      allow: [{ from: [{ claims: { scope: ['predict'] } }] }],
    })
    const user = await issuer.byCode()
    const renewed = await issuer.byRefresh(user.refresh)
    const client = await issuer.byClientCredentials()
    for (const { access } of [renewed, client]) {
      const { answer, steps } = await ask(bearer(access))
      expect([answer, steps]).toEqual(['allow', expect.anything()])
    }
    expect((await ask(bearer(renewed.access))).set['x-auth-request-user']).toBe('django:ada')
    await issuer.revoke(client.access)
    expect((await ask(bearer('never-issued'))).answer).toBe('invalid-token')
    const others = await behind(await asked({ audiences: { claim: 'client_id', values: ['x'] } }))
    expect((await others.ask(bearer(renewed.access))).answer).toBe('wrong-audience')
  })

  it('is discovered, and its ID tokens are verified by its keys, also after it changes them', async () => {
    const provider = {
      name: 'django',
      issuer: issuer.issuer,
      audiences: ['notebooks'],
      algorithms: ['RS256'],
    }
    const { ask } = await behind(provider)
    const before = await issuer.byCode()
    const { answer, steps } = await ask(bearer(before.id))
    expect([answer, steps]).toEqual(['allow', expect.anything()])
    await issuer.restart([two, one])
    const after = await issuer.byCode()
    await expect
      .poll(async () => (await ask(bearer(after.id))).answer, { timeout: COOL_DOWN_MS })
      .toBe('allow')
    expect((await ask(bearer(before.id))).answer).toBe('allow')
    await issuer.restart([two])
    const later = await behind(provider)
    expect((await later.ask(bearer(before.id))).answer).toBe('invalid-token')
    expect((await later.ask(bearer(after.id))).answer).toBe('allow')
  })
})
