import { describe, expect, it } from 'vitest'
import type { CredentialPlace } from '../../src/access/decision.ts'
import { createIdentityProviders } from '../../src/tokens/identity-providers.ts'
import { createSigner, goodClaims } from '../../testing/issuers/oidc-issuer.ts'
import {
  AUTHORIZATION,
  anAuthorizationServer,
  askerOf,
  goodAnswer,
  ISSUER,
  introspectedProvider,
  introspectionBy,
  TOKEN,
} from './introspecting.ts'
import { anIssuer, aProvider, compact, someProviders } from './support.ts'

const COOKIE: CredentialPlace = { kind: 'cookie', name: 'session' }
const signer = createSigner()
const jwtOf = (iss: string, claims: object = {}) => signer.sign({ ...goodClaims(iss), ...claims })

type Given = Parameters<typeof introspectedProvider>[1]

/** Two authorization servers, and an issuer of JWTs; every server knows every token. */
async function threeProviders(
  one: Given = { tokenPrefixes: ['one_'] },
  two: Given = { tokenPrefixes: ['two_'] },
) {
  const issuer = await anIssuer()
  const known = (tokens: readonly string[], iss: string) =>
    Object.fromEntries(tokens.map((token) => [token, goodAnswer({ iss })]))
  const servers = [await anAuthorizationServer(), await anAuthorizationServer()] as const
  const issuers = [ISSUER, 'https://two.example.com'] as const
  const introspected = introspectionBy([
    await introspectedProvider(servers[0].url, { name: 'one', issuer: issuers[0], ...one }),
    await introspectedProvider(servers[1].url, { name: 'two', issuer: issuers[1], ...two }),
  ])
  const { remembered, authenticate } = createIdentityProviders(
    someProviders([aProvider(issuer, { places: [AUTHORIZATION, COOKIE] })]),
    introspected.providers,
  )
  let tokens = 0
  return {
    issuer,
    ask: async (token: string, places: readonly CredentialPlace[] = [AUTHORIZATION]) => {
      for (const [index, server] of servers.entries())
        server.say(known([token], issuers[index] ?? ''))
      tokens += 1
      const digest = `digest ${tokens}`
      const shown = { token, digest, places }
      const answer = remembered(digest, places) ?? (await authenticate(shown, askerOf()))
      return answer?.kind === 'known' ? answer.caller.provider : answer?.refusal?.cause
    },
    asked: () => servers.map(({ asked }) => asked.length),
  }
}

describe('a token that is not a JWT', () => {
  it('goes to the provider that it begins like, and to no other', async () => {
    const { ask, asked } = await threeProviders()
    expect(await ask('one_token')).toBe('one')
    expect(await ask('two_token')).toBe('two')
    expect(asked()).toEqual([1, 1])
    expect(await ask('three_token')).toBeUndefined()
    expect(asked()).toEqual([1, 1])
  })

  it('goes to the provider that takes tokens from its place, and to no other', async () => {
    const { ask, asked } = await threeProviders({}, { places: [COOKIE] })
    expect(await ask(TOKEN)).toBe('one')
    expect(asked()).toEqual([1, 0])
    expect(await ask(TOKEN, [COOKIE])).toBe('two')
    expect(asked()).toEqual([1, 1])
    expect(await ask(TOKEN, [{ kind: 'header', name: 'x-api-key' }])).toBeUndefined()
    expect(asked()).toEqual([1, 1])
  })

  it('goes to nobody where two providers could have issued it', async () => {
    const { ask, asked } = await threeProviders({}, { places: [COOKIE] })
    expect(await ask(TOKEN, [AUTHORIZATION, COOKIE])).toBe('several-providers')
    expect(asked()).toEqual([0, 0])
  })

  it('takes a subprotocol as Authorization', async () => {
    const { ask, asked } = await threeProviders({}, { places: [COOKIE] })
    expect(await ask(TOKEN, [{ kind: 'subprotocol', name: 'key.' }])).toBe('one')
    expect(asked()).toEqual([1, 0])
  })

  it.each([
    ['an encrypted JWT', `${compact({ alg: 'dir', enc: 'A256GCM' }, '')}.x.y`],
    ['a JWT that is cut off', jwtOf(ISSUER).slice(0, -20).split('.').slice(0, 2).join('.')],
  ])('but looks like %s goes to nobody', async (_title, token) => {
    const { ask, asked } = await threeProviders({}, { places: [COOKIE] })
    expect(await ask(token)).toBe('unreadable')
    expect(asked()).toEqual([0, 0])
  })
})

describe('a JWT', () => {
  it('of a provider with keys is never sent to a server', async () => {
    const { ask, asked, issuer } = await threeProviders({}, { places: [COOKIE] })
    expect(await ask(issuer.token())).toBe('idp')
    expect(await ask(jwtOf(issuer.issuer))).toBe('unknown-key')
    expect(asked()).toEqual([0, 0])
  })

  it('of an issuer that is asked goes to this issuer, however it begins', async () => {
    const { ask, asked } = await threeProviders()
    expect(await ask(jwtOf(ISSUER))).toBe('one')
    expect(await ask(jwtOf('https://two.example.com'))).toBe('two')
    expect(asked()).toEqual([1, 1])
  })

  it('of nobody goes to nobody', async () => {
    const { ask, asked } = await threeProviders({}, { places: [COOKIE] })
    expect(await ask(jwtOf('https://three.example.com'))).toBe('unknown-issuer')
    expect(await ask(compact({ alg: 'ES256' }, { sub: 'ada' }))).toBe('unknown-issuer')
    expect(asked()).toEqual([0, 0])
  })

  it('in another place than its provider names is not asked about', async () => {
    const { ask, asked } = await threeProviders()
    expect(await ask(jwtOf(ISSUER), [COOKIE])).toBe('wrong-place')
    expect(asked()).toEqual([0, 0])
  })

  it('of an issuer with keys and introspection is verified by its keys', async () => {
    const issuer = await anIssuer()
    const server = await anAuthorizationServer({ [TOKEN]: goodAnswer({ iss: issuer.issuer }) })
    const introspected = introspectionBy([
      await introspectedProvider(server.url, { issuer: issuer.issuer }),
    ])
    const { authenticate } = createIdentityProviders(
      someProviders([aProvider(issuer)]),
      introspected.providers,
    )
    const providers = await Promise.all(
      [issuer.token(), TOKEN].map(async (token) => {
        const shown = { token, digest: token, places: [AUTHORIZATION] }
        const answer = await authenticate(shown, askerOf())
        return answer?.kind === 'known' ? answer.caller.provider : undefined
      }),
    )
    expect(providers).toEqual(['idp', 'opaque'])
    expect(server.asked).toHaveLength(1)
  })
})

it('a cached token counts in the places of its provider only', async () => {
  const server = await anAuthorizationServer({ [TOKEN]: goodAnswer() })
  const { verdict } = introspectionBy([await introspectedProvider(server.url)])
  expect(await verdict(TOKEN)).toBe('idp:ada')
  expect(await verdict(TOKEN, askerOf(), [COOKIE])).toBe('unknown-issuer')
})
