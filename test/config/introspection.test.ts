import { describe, expect, it } from 'vitest'
import { insecureProvidersIn } from '../../src/app/identity-providers.ts'
import { MAX_TOKEN_PREFIXES } from '../../src/config/introspection.ts'
import { ConfigError, readConfig } from '../../src/config/read-config.ts'

const ASKED = {
  url: 'https://as.example.com/introspect',
  clientId: 'kserve-authz',
  clientSecretFile: '/etc/secret',
}

const provider = (name: string, introspection: object = {}, given: object = {}) => ({
  name,
  issuer: name,
  audiences: ['models'],
  introspection: { ...ASKED, ...introspection },
  ...given,
})

const read = (...providers: readonly object[]) =>
  readConfig({
    file: { path: 'config.yaml', text: JSON.stringify({ jwt: { providers } }) },
    env: {},
    flags: {},
  })

function problemsOf(...providers: readonly object[]): readonly string[] {
  try {
    read(...providers)
    return []
  } catch (error) {
    if (error instanceof ConfigError) return error.problems
    throw error
  }
}

const headers = (...names: readonly string[]) => ({
  from: { headers: names.map((name) => ({ name })), cookies: [] },
})

describe('a provider that is asked by introspection', () => {
  it('needs no URL as its issuer, since nothing is discovered', () => {
    expect(read(provider('a')).jwt.providers[0]?.introspection).toEqual(ASKED)
  })

  it.each<[title: string, introspection: object, given: object, at: string]>([
    ['a url over plain http', { url: 'http://as.example.com/' }, {}, '.introspection.url'],
    ['a url with a password', { url: 'https://a:b@as.example.com/' }, {}, '.introspection.url'],
    ['no client', { clientId: '' }, {}, '.introspection.clientId'],
    ['a client with a line break', { clientId: 'a\nb' }, {}, '.introspection.clientId'],
    ['no secret', { clientSecretFile: undefined }, {}, '.introspection.clientSecretFile'],
    ['no prefix of tokens', { tokenPrefixes: [] }, {}, '.introspection.tokenPrefixes'],
    [
      'too many prefixes of tokens',
      { tokenPrefixes: Array.from({ length: MAX_TOKEN_PREFIXES + 1 }, (_, index) => `p${index}-`) },
      {},
      '.introspection.tokenPrefixes',
    ],
    ['an empty prefix of tokens', { tokenPrefixes: [''] }, {}, '.introspection.tokenPrefixes[0]'],
    ['a secret in the file', { clientSecret: 'x' }, {}, '.introspection.clientSecret'],
    ['keys as well', {}, { jwksUri: 'https://as.example.com/keys' }, ''],
    ['a file of keys as well', {}, { jwksFile: '/etc/jwks.json' }, ''],
    ['algorithms, which nothing would check', {}, { algorithms: ['RS256'] }, ''],
    ['types, which nothing would check', {}, { types: ['JOSE'] }, ''],
  ])('cannot have %s', (_title, introspection, given, at) => {
    const problems = problemsOf(provider('a', introspection, given))
    expect(problems).toHaveLength(1)
    expect(problems[0]?.startsWith(`config.yaml: jwt.providers[0]${at}: `)).toBe(true)
  })

  it('may use plain http on loopback, or with insecureHttp, which is warned of', () => {
    const loopback = provider('a', { url: 'http://127.0.0.1:7/', tokenPrefixes: ['a'] })
    const plain = provider(
      'b',
      { url: 'http://as.auth.svc/', tokenPrefixes: ['b'] },
      { insecureHttp: true },
    )
    const config = read(loopback, plain)
    expect(insecureProvidersIn(config)).toEqual(['b'])
  })
})

describe('a provider with keys', () => {
  const withKeys = (given: object) => ({
    name: 'a',
    issuer: 'https://a.example.com',
    audiences: ['models'],
    ...given,
  })
  const plain = 'http://a.auth.svc/'

  it.each<[title: string, given: object, at: string]>([
    ['a jwksUri', { jwksUri: plain }, '.jwksUri'],
    ['an issuer that is discovered', { issuer: plain }, ''],
  ])('cannot be reached over plain http by %s, but with insecureHttp', (_title, given, at) => {
    const problem = expect.stringMatching(
      `^config.yaml: jwt.providers\\[0\\]${at.replace('.', '\\.')}: expected `,
    )
    expect(problemsOf(withKeys(given))).toEqual([problem])
    expect(problemsOf(withKeys({ ...given, insecureHttp: false }))).toEqual([problem])
    expect(insecureProvidersIn(read(withKeys({ ...given, insecureHttp: true })))).toEqual(['a'])
  })

  it('may have an issuer over plain http if nothing is fetched from it', () => {
    const config = read(withKeys({ issuer: plain, jwksFile: '/etc/jwks.json' }))
    expect(insecureProvidersIn(config)).toEqual([])
  })
})

describe('two providers that are asked', () => {
  const CLASH =
    'config.yaml: jwt.providers[1].introspection.tokenPrefixes: expected beginnings that do not overlap with those of "a", or tokens from other headers and cookies'

  it.each<[title: string, one: object, other: object]>([
    ['any token of one place', {}, {}],
    ['any token, and some of them', {}, { tokenPrefixes: ['b_'] }],
    ['tokens that begin alike', { tokenPrefixes: ['x_', 'at_'] }, { tokenPrefixes: ['at_b_'] }],
    ['the same tokens', { tokenPrefixes: ['at_'] }, { tokenPrefixes: ['b_', 'at_'] }],
  ])('cannot both be asked about %s', (_title, one, other) => {
    expect(problemsOf(provider('a', one), provider('b', other))).toEqual([CLASH])
  })

  it('cannot share a header or a cookie among others', () => {
    const cookies = { from: { headers: [], cookies: ['session'] } }
    expect(
      problemsOf(provider('a', {}, headers('x-a', 'x-b')), provider('b', {}, headers('x-b'))),
    ).toEqual([CLASH])
    expect(problemsOf(provider('a', {}, cookies), provider('b', {}, cookies))).toEqual([CLASH])
  })

  it('differ by the beginning of their tokens, or by their places', () => {
    const [one, other] = [{ tokenPrefixes: ['a_'] }, { tokenPrefixes: ['b_'] }]
    expect(problemsOf(provider('a', one), provider('b', other))).toEqual([])
    expect(problemsOf(provider('a'), provider('b', {}, headers('x-token')))).toEqual([])
  })

  it('of one issuer are told apart as others are, and one with keys may stand beside', () => {
    const { introspection: _, ...withKeys } = provider('a')
    const keys = { ...withKeys, issuer: 'https://a.example.com' }
    const asked = provider('b', {}, { issuer: 'https://a.example.com' })
    expect(problemsOf(keys, asked)).toEqual([])
    const same = provider('c', {}, { ...headers('x-token'), issuer: 'https://a.example.com' })
    expect(problemsOf(keys, asked, same)).toEqual([
      expect.stringContaining('jwt.providers[2].issuer: expected an issuer other than that of "b"'),
    ])
  })
})
