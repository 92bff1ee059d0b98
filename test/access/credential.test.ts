import { describe, expect, it } from 'vitest'
import { credentialSources, readCredential } from '../../src/access/credential.ts'

const ACCEPTED = credentialSources(['authorization', 'x-api-key', 'api-key'], [])

const read = (headers: Readonly<Record<string, string>>) =>
  readCredential(new Map(Object.entries(headers)), ACCEPTED)

const header = (name: string) => ({ kind: 'header', name })

describe('a credential', () => {
  it.each<[title: string, Readonly<Record<string, string>>]>([
    ['no header', {}],
    ['an empty Authorization', { authorization: '' }],
    ['an empty x-api-key', { 'x-api-key': '' }],
    ['a cookie', { cookie: 'token=abc' }],
    ['Proxy-Authorization', { 'proxy-authorization': 'Bearer abc' }],
    ['a header name with an underscore', { authorization_: 'Bearer abc', x_api_key: 'abc' }],
  ])('is not found in %s', (_title, headers) => {
    expect(read(headers)).toEqual({ kind: 'none' })
  })

  it.each(['Bearer abc', 'bearer abc', 'BEARER abc', 'bEaReR abc'])(
    'is the token of %j',
    (text) => {
      expect(read({ authorization: text })).toMatchObject({ kind: 'presented', value: 'abc' })
    },
  )

  it('in Authorization is a token or a key, elsewhere only a key', () => {
    expect(read({ authorization: 'Bearer abc' })).toEqual({
      kind: 'presented',
      value: 'abc',
      places: [header('authorization')],
      asToken: true,
      asApiKey: true,
    })
    expect(read({ 'x-api-key': 'abc' })).toEqual({
      kind: 'presented',
      value: 'abc',
      places: [header('x-api-key')],
      asToken: false,
      asApiKey: true,
    })
  })

  it('in Authorization is not a key if keys are not accepted there', () => {
    const headers = new Map([['authorization', 'Bearer abc']])
    expect(readCredential(headers, credentialSources(['x-api-key'], []))).toMatchObject({
      asToken: true,
      asApiKey: false,
    })
  })

  it('in several places is one credential if the values are equal', () => {
    const headers = { authorization: 'Bearer abc', 'x-api-key': 'abc', 'api-key': 'abc' }
    expect(read(headers)).toEqual({
      kind: 'presented',
      value: 'abc',
      places: [header('authorization'), header('x-api-key'), header('api-key')],
      asToken: true,
      asApiKey: true,
    })
  })

  it('is ignored in a header that is not configured', () => {
    const headers = new Map([['api-key', 'abc']])
    expect(readCredential(headers, credentialSources(['x-api-key'], []))).toEqual({ kind: 'none' })
  })
})

describe('a credential is malformed', () => {
  it.each([
    'Basic dXNlcjpwYXNz',
    'Bearer',
    'Bearer ',
    'abc',
    'Bearerabc',
    'Bearer-invalid abc',
    'Bearer abc def',
    'Bearer abc ',
    ' Bearer abc',
    'Bearer\tabc',
    'Bearer abc\n',
    'Bearer abc\0',
    'Bearer ab\x7f',
    'Bearer caf\u00e9',
    'Negotiate abc',
    'Something abc',
  ])('as Authorization: %j', (authorization) => {
    expect(read({ authorization })).toEqual({ kind: 'malformed' })
  })

  it.each(['caf\u00e9-key', 'two words', 'key\n', '\0', ' key'])('as x-api-key: %j', (key) => {
    expect(read({ 'x-api-key': key })).toEqual({ kind: 'malformed' })
  })

  it.each<[title: string, Readonly<Record<string, string>>]>([
    ['another scheme', { authorization: 'Basic abc', 'x-api-key': 'abc' }],
    ['an API key that is not ASCII', { authorization: 'Bearer abc', 'api-key': 'caf\u00e9' }],
    ['a first API key that is not ASCII', { 'x-api-key': 'caf\u00e9', 'api-key': 'abc' }],
  ])('because of %s, even next to a valid one', (_title, headers) => {
    expect(read(headers)).toEqual({ kind: 'malformed' })
  })
})

describe('a credential is too long', () => {
  const jwt = (length: number) => `eyJ.${'a'.repeat(length - 6)}.b`

  it.each([
    ['a key', { 'x-api-key': 'a'.repeat(8_193) }],
    ['a key of more than one word', { 'x-api-key': 'a '.repeat(4_100) }],
    ['an opaque token', { authorization: `Bearer ${'a'.repeat(8_186)}` }],
    ['a token without the parts of a JWT', { authorization: `Bearer ${'a.'.repeat(4_100)}` }],
    ['a JWT', { authorization: `Bearer ${jwt(32_768)}` }],
    ['anything', { authorization: `Bearer ${'a'.repeat(70_000)}` }],
    ['a JWT next to a valid key', { 'x-api-key': 'abc', authorization: `Bearer ${jwt(32_768)}` }],
  ])('as %s', (_title, headers) => {
    expect(read(headers)).toEqual({ kind: 'too-long' })
  })

  it('by the configured limit, which applies to JWTs only', () => {
    const headers = new Map([['authorization', `Bearer ${jwt(9_000)}`]])
    expect(read(Object.fromEntries(headers))).toMatchObject({ kind: 'presented' })
    expect(readCredential(headers, ACCEPTED, 8_192)).toEqual({ kind: 'too-long' })
    expect(read({ authorization: `Bearer ${jwt(32_700)}` })).toMatchObject({ kind: 'presented' })
    expect(read({ 'x-api-key': 'a'.repeat(8_192) })).toMatchObject({ kind: 'presented' })
  })
})

describe('a credential is ambiguous', () => {
  it.each<[title: string, Readonly<Record<string, string>>]>([
    ['two Authorization lines', { authorization: 'Bearer abc,Bearer def' }],
    ['the same Authorization line twice', { authorization: 'Bearer abc,Bearer abc' }],
    ['two Authorization lines joined with a space', { authorization: 'Bearer abc, Bearer abc' }],
    ['two schemes', { authorization: 'Basic abc,Bearer abc' }],
    ['a comma alone', { authorization: ',' }],
    ['two x-api-key lines', { 'x-api-key': 'abc,def' }],
    ['a token and a different key', { authorization: 'Bearer abc', 'x-api-key': 'def' }],
    ['two keys', { 'x-api-key': 'abc', 'api-key': 'def' }],
    ['a comma next to a valid one', { authorization: 'Bearer abc', 'api-key': 'abc,abc' }],
    ['a different letter case', { authorization: 'Bearer abc', 'x-api-key': 'ABC' }],
  ])('because of %s', (_title, headers) => {
    expect(read(headers)).toEqual({ kind: 'ambiguous' })
  })
})

describe('a token of an identity provider', () => {
  const sources = credentialSources(
    ['authorization'],
    [
      { place: { kind: 'header', name: 'x-id-token' }, prefix: 'Token ' },
      { place: { kind: 'cookie', name: 'session' }, prefix: '' },
    ],
  )
  const readToken = (headers: Readonly<Record<string, string>>) =>
    readCredential(new Map(Object.entries(headers)), sources)
  const cookie = { kind: 'cookie', name: 'session' }

  it('is in its header after its prefix, and is neither a key nor a Kubernetes token', () => {
    expect(readToken({ 'x-id-token': 'Token abc' })).toEqual({
      kind: 'presented',
      value: 'abc',
      places: [header('x-id-token')],
      asToken: false,
      asApiKey: false,
    })
  })

  it.each(['session=abc', 'a=b; session=abc', 'session=abc;a=b', ' a=b ;  session = abc ; c=d'])(
    'is found in its cookie in %j',
    (text) => {
      expect(readToken({ cookie: text })).toMatchObject({ value: 'abc', places: [cookie] })
    },
  )

  it.each(['', 'a=b', 'xsession=abc', 'session', 'session=', 'Session=abc', 'a=session=abc'])(
    'is not found in the cookies %j',
    (text) => {
      expect(readToken({ cookie: text })).toEqual({ kind: 'none' })
    },
  )

  it('keeps the equals signs of a cookie', () => {
    expect(readToken({ cookie: 'session=abc==' })).toMatchObject({ value: 'abc==' })
  })

  it.each([
    ['without its prefix', { 'x-id-token': 'abc' }, 'malformed'],
    ['with nothing after its prefix', { 'x-id-token': 'Token ' }, 'malformed'],
    ['in a cookie that is not ASCII', { cookie: 'session=caf\u00e9' }, 'malformed'],
    ['in two cookies of the same name', { cookie: 'session=abc; session=def' }, 'ambiguous'],
    ['in a cookie with a comma', { cookie: 'session=abc,def' }, 'ambiguous'],
    ['beside another', { authorization: 'Bearer def', cookie: 'session=abc' }, 'ambiguous'],
  ])('%s is refused', (_title, headers, kind) => {
    expect(readToken(headers)).toEqual({ kind })
  })

  it('repeated in a cookie has one place', () => {
    expect(readToken({ cookie: 'session=abc; session=abc; session=abc' })).toMatchObject({
      value: 'abc',
      places: [cookie],
    })
  })

  it.each([
    ['more cookies than the limit', `${'a=b;'.repeat(600)}session=abc`],
    ['more cookies than the limit, after it', `session=abc;${'a=b;'.repeat(600)}`],
    ['more bytes than the limit', `session=abc;a=${'b'.repeat(70_000)}`],
    ['a token over the maximum length', `session=${'a'.repeat(8_200)}`],
    ['a token over the maximum length, with a comma', `session=${'a,'.repeat(4_100)}`],
  ])('among %s is refused', (_title, text) => {
    expect(readToken({ cookie: text })).toEqual({ kind: 'too-long' })
  })

  it('is ignored in cookies if none is configured', () => {
    const headers = new Map([['cookie', 'a=b;'.repeat(600)]])
    expect(readCredential(headers, credentialSources(['x-api-key'], []))).toEqual({ kind: 'none' })
  })

  it('in a header and in a cookie is one credential', () => {
    const headers = { authorization: 'Bearer abc', cookie: 'session=abc; session=abc' }
    expect(readToken(headers)).toMatchObject({ kind: 'presented', value: 'abc', asToken: true })
  })
})
