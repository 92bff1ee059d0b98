import { describe, expect, it } from 'vitest'
import { ConfigError, readConfig } from '../../src/config/read-config.ts'
import { bearer, modelBehind } from '../../testing/identity-engine.ts'
import type { Claims, OidcIssuer } from '../../testing/issuers/oidc-issuer.ts'
import { providerOf } from '../../testing/issuers/provider.ts'
import { anIssuer } from './support.ts'

const ISSUER = { issuer: 'https://idp.example.com', jwksUri: 'https://idp.example.com/keys' }

const named = (name: string, issuer: Pick<OidcIssuer, 'issuer' | 'jwksUri'>, more: object) => ({
  ...providerOf(issuer, { algorithms: ['ES256'] }),
  name,
  rbac: { username: { claim: 'sub', prefix: `${name}:` } },
  ...more,
})

/** The user of a token of an issuer with two providers, or the reason of the refusal. */
async function userOf(claims: Claims, one: object, other: object) {
  const issuer = await anIssuer()
  const providers = [named('one', issuer, one), named('other', issuer, other)]
  const { ask } = await modelBehind({ policy: { allow: [{}] }, config: { jwt: { providers } } })
  const asked = await ask(bearer(issuer.token(claims)))
  return {
    user: asked.set['x-auth-request-user'] ?? asked.answer,
    step: asked.steps.find((each) => each.startsWith('caller')) ?? '',
  }
}

const ACCESS = { requiredClaims: { token_use: ['access'] } }
const ID = { requiredClaims: { token_use: ['id'] } }

describe('several providers of one issuer', () => {
  const byAudience = [{ audiences: ['a', 'b'] }, { audiences: ['c'] }] as const

  it.each<[title: string, claims: Claims, one: object, other: object, user: string]>([
    ['by the first audience', { aud: 'b' }, ...byAudience, 'one:ada'],
    ['by the second audience', { aud: ['x', 'c'] }, ...byAudience, 'other:ada'],
    ['by neither', { aud: 'x' }, ...byAudience, 'wrong-audience'],
    ['by an unknown audience', { aud: undefined }, ...byAudience, 'wrong-audience'],
    ['by both, which is refused', { aud: ['a', 'c'] }, ...byAudience, 'invalid-token'],
    ['by a claim', { token_use: 'access' }, ACCESS, ID, 'one:ada'],
    ['by another value of the claim', { token_use: 'id' }, ACCESS, ID, 'other:ada'],
    ['by neither value', { token_use: 'refresh' }, ACCESS, ID, 'invalid-token'],
    ['by no value', {}, ACCESS, ID, 'invalid-token'],
    ['by an unreadable value', { token_use: { id: true } }, ACCESS, ID, 'invalid-token'],
    [
      'by a list of both, which is refused',
      { token_use: ['access', 'id'] },
      ACCESS,
      ID,
      'invalid-token',
    ],
  ])('are distinguished %s', async (_title, claims, one, other, user) => {
    expect((await userOf(claims, one, other)).user).toBe(user)
  })

  it('report why a token belongs to none of them, or to several', async () => {
    const none = await userOf({ token_use: 'refresh' }, ACCESS, ID)
    expect(none.step).toMatch(/required-claim: .*, claim token_use, issuer http/)
    const both = await userOf({ aud: ['a', 'c'] }, ...byAudience)
    expect(both.step).toMatch(/several-providers: .*, issuer http/)
  })
})

describe('a required claim of a provider', () => {
  const required = { requiredClaims: { 'realm.kind': ['human'], active: ['true'] } }

  it.each<[claims: Claims, answer: string]>([
    [{ realm: { kind: 'human' }, active: true }, 'allow'],
    [{ realm: { kind: 'human' }, active: 'true' }, 'allow'],
    [{ 'realm.kind': ['robot', 'human'], active: true }, 'allow'],
    [{ realm: { kind: 'robot' }, active: true }, 'invalid-token'],
    [{ realm: { kind: 'human' }, active: false }, 'invalid-token'],
    [{ realm: { kind: 'human' } }, 'invalid-token'],
    [{ realm: 'human', active: true }, 'invalid-token'],
    [{}, 'invalid-token'],
  ])('must be present: %j, %s', async (claims, answer) => {
    const issuer = await anIssuer()
    const providers = [named('one', issuer, required)]
    const { ask } = await modelBehind({ policy: { allow: [{}] }, config: { jwt: { providers } } })
    expect((await ask(bearer(issuer.token(claims)))).answer).toBe(answer)
  })
})

describe('a required e-mail address of a provider', () => {
  const email = 'ada@example.com'

  it.each<[claims: Claims, answer: string]>([
    [{ email }, 'allow'],
    [{ email, email_verified: true }, 'allow'],
    [{ email, email_verified: 'true' }, 'allow'],
    [{ email, email_verified: false }, 'invalid-token'],
    [{ email, email_verified: 'false' }, 'invalid-token'],
    [{ email, email_verified: null }, 'invalid-token'],
  ])('counts only if it is verified: %j, %s', async (claims, answer) => {
    const issuer = await anIssuer()
    const providers = [named('one', issuer, { requiredClaims: { email: [email] } })]
    const { ask } = await modelBehind({ policy: { allow: [{}] }, config: { jwt: { providers } } })
    expect((await ask(bearer(issuer.token(claims)))).answer).toBe(answer)
  })

  it.each<[claims: Claims, answer: string]>([
    [{ email }, 'allow'],
    [{ email, email_verified: false }, 'wrong-audience'],
  ])('also if it is the audience: %j, %s', async (claims, answer) => {
    const issuer = await anIssuer()
    const providers = [named('one', issuer, { audiences: { claim: 'email', values: [email] } })]
    const { ask } = await modelBehind({ policy: { allow: [{}] }, config: { jwt: { providers } } })
    expect((await ask(bearer(issuer.token(claims)))).answer).toBe(answer)
  })
})

describe('several providers of one issuer are refused at startup', () => {
  const problemsOf = (...given: readonly object[]): readonly string[] => {
    const providers = given.map((more, index) => named(`p${index}`, ISSUER, more))
    try {
      readConfig({
        file: { path: 'config.yaml', text: JSON.stringify({ jwt: { providers } }) },
        env: {},
        flags: {},
      })
      return []
    } catch (error) {
      if (error instanceof ConfigError) return error.problems
      throw error
    }
  }
  const byClient = (...values: readonly string[]) => ({ audiences: { claim: 'client_id', values } })

  it.each<[title: string, one: object, other: object]>([
    ['with the same audience', { audiences: ['a'] }, { audiences: ['a'] }],
    ['with one audience in common', { audiences: ['a', 'b'] }, { audiences: ['b', 'c'] }],
    ['with audiences from different claims', { audiences: ['a'] }, byClient('b')],
    ['if only one requires a claim', ACCESS, {}],
    [
      'if their required values overlap',
      ACCESS,
      { requiredClaims: { token_use: ['id', 'access'] } },
    ],
    ['if they require different claims', ACCESS, { requiredClaims: { typ: ['ID'] } }],
  ])('%s', (_title, one, other) => {
    expect(problemsOf(one, other)).toEqual([
      expect.stringMatching(
        /^config.yaml: jwt.providers\[1\].issuer: expected an issuer other than that of "p0", or /,
      ),
    ])
  })

  it.each<[title: string, one: object, other: object]>([
    ['by audiences', { audiences: ['a', 'b'] }, { audiences: ['c'] }],
    ['by another claim', byClient('a'), byClient('b')],
    ['by required values', ACCESS, ID],
    ['by required values among others', { requiredClaims: { typ: ['x'], token_use: ['a'] } }, ID],
  ])('but not if they are distinguished %s', (_title, one, other) => {
    expect(problemsOf(one, other)).toEqual([])
  })

  it('but not for the same prefix, if they map the same claim', () => {
    const rbac = (claim: string) => ({ rbac: { username: { claim, prefix: 'idp:' } } })
    expect(problemsOf({ ...ACCESS, ...rbac('sub') }, { ...ID, ...rbac('sub') })).toEqual([])
    expect(problemsOf({ ...ACCESS, ...rbac('sub') }, { ...ID, ...rbac('email') })).toEqual([
      expect.stringContaining('jwt.providers[1].rbac.username.prefix: expected a prefix'),
    ])
  })
})

describe('the configuration of a provider', () => {
  const problemOf = (more: object) => {
    try {
      const providers = [named('one', ISSUER, more)]
      readConfig({
        file: { path: 'c', text: JSON.stringify({ jwt: { providers } }) },
        env: {},
        flags: {},
      })
      return 'none'
    } catch (error) {
      return error instanceof ConfigError ? error.problems.join() : String(error)
    }
  }

  it.each<[more: object, problem: RegExp]>([
    [{ audiences: [] }, /audiences: expected a list of one or more audiences, or an object/],
    [{ audiences: { claim: 'a', values: [] } }, /audiences.values: expected a list of one or more/],
    [{ audiences: { claim: '', values: ['a'] } }, /audiences.claim: expected the name of a claim/],
    [{ audiences: { claim: 'a', values: ['a'], valus: [] } }, /audiences.valus: unknown key/],
    [{ clockSkew: 301 }, /clockSkew: expected a whole number of seconds from 0 to 300, not 301/],
    [{ clockSkew: -1 }, /clockSkew: expected a whole number/],
    [{ requiredClaims: {} }, /requiredClaims: expected an object from the name of a claim/],
    [{ requiredClaims: { a: [] } }, /requiredClaims.a: expected a list of one or more/],
    [{ requiredClaims: { a: 'b' } }, /requiredClaims.a: expected a list of one or more/],
    [{ user: { claim: 'sub', prefix: 'system:' } }, /user.prefix: expected a prefix/],
    [{ user: { claim: 'sub' } }, /jwt.providers\[0\]: expected a provider/],
    [{ jwksUri: 'http://idp.example.com/keys' }, /jwksUri: expected an https URL/],
    [
      { jwksUri: 'ftp://idp.example.com/keys', insecureHttp: true },
      /jwksUri: expected an https URL/,
    ],
    [{ jwksUri: 'http://idp.example.com/keys', insecureHttp: true }, /^none$/],
    [{ algorithms: ['HS256'] }, /algorithms/],
    [{ algorithms: ['none'] }, /algorithms/],
  ])('%j: %s', (more, problem) => {
    expect(problemOf(more)).toMatch(problem)
  })

  it('with an http issuer must be allowed explicitly', () => {
    const dex = { jwksUri: undefined, issuer: 'http://dex.auth.svc.cluster.local:5556/dex' }
    expect(problemOf(dex)).toContain('expected a provider with jwksUri or jwksFile')
    expect(problemOf({ ...dex, insecureHttp: true })).toBe('none')
  })
})
