import { describe, expect, it } from 'vitest'
import {
  createTokenPrecheck,
  type TokenRules,
} from '../../../src/kubernetes/reviews/token-precheck.ts'
import { decodeToken } from '../../../src/tokens/decode-token.ts'
import { compact } from '../../tokens/support.ts'

const ISSUER = 'https://kubernetes.default.svc'

const reading = (token: string, given: Partial<TokenRules> = {}) =>
  createTokenPrecheck({
    audiences: [ISSUER, 'models'],
    opaquePrefixes: ['sha256~'],
    issuer: () => ISSUER,
    foreignIssuers: ['https://idp.example.com'],
    inspect: decodeToken,
    ...given,
  })(token)

const later = Math.floor(Date.now() / 1_000) + 600
const SUB = 'system:serviceaccount:team:reader'
const jwt = (claims: object) => compact({ alg: 'ES256', kid: 'k' }, claims)
const bound = (claims: object = {}) =>
  jwt({
    iss: ISSUER,
    aud: [ISSUER],
    exp: later,
    sub: SUB,
    'kubernetes.io': { serviceaccount: { name: 'reader', uid: 'uid-1' } },
    ...claims,
  })

describe('a possible token of the cluster', () => {
  it.each<[title: string, kind: string, token: string]>([
    ['a JWT of its issuer', 'possible', bound()],
    ['one for our second audience', 'possible', bound({ aud: ['x', 'models'] })],
    ['one with a text as the audience', 'possible', bound({ aud: 'models' })],
    ['one without audience and expiry', 'possible', bound({ aud: undefined, exp: undefined })],
    ['a legacy one', 'possible', jwt({ iss: 'kubernetes/serviceaccount', sub: SUB })],
    ['an opaque one with a configured prefix', 'possible', 'sha256~abc'],
    ['an opaque one with another prefix', 'foreign', 'sha512~abc'],
    ['any text', 'foreign', 'an-api-key'],
    ['a JWT of an identity provider', 'foreign', bound({ iss: 'https://idp.example.com' })],
    ['a JWT of an unknown issuer', 'foreign', bound({ iss: 'https://elsewhere' })],
    ['a JWT without issuer', 'foreign', bound({ iss: undefined })],
    ['one that has expired', 'expired-token', bound({ exp: 1_700_000_000 })],
    ['one whose expiry is not a number', 'invalid-token', bound({ exp: 'never' })],
    ['one whose expiry is null', 'invalid-token', bound({ exp: null })],
    ['one for other audiences', 'wrong-audience', bound({ aud: ['x', 'y'] })],
    ['one for no audience', 'wrong-audience', bound({ aud: [] })],
    ['one for an audience that is not a text', 'wrong-audience', bound({ aud: { 0: 'models' } })],
  ])('%s: %s', (_title, kind, token) => {
    const read = reading(token)
    expect(read.kind === 'bad' ? read.rejection.reason : read.kind).toBe(kind)
  })

  it.each([
    ['of an unknown issuer is not foreign', bound({ iss: 'https://elsewhere' }), 'bad'],
    ['of an identity provider is foreign', bound({ iss: 'https://idp.example.com' }), 'foreign'],
    ['that is legacy is possible', jwt({ iss: 'kubernetes/serviceaccount' }), 'possible'],
    ['that is not a JWT is foreign', 'an-api-key', 'foreign'],
  ])('while the issuer is unknown, a token %s', (_title, token, kind) => {
    expect(reading(token, { issuer: () => undefined }).kind).toBe(kind)
  })
})

describe('a token names', () => {
  it.each([
    [
      'its ServiceAccount, and when it expires',
      bound(),
      { account: 'team/reader', accountUid: 'uid-1' },
      later,
    ],
    [
      'the Secret that it is bound to',
      bound({ 'kubernetes.io': { secret: { name: 's', uid: 'u' } } }),
      { account: 'team/reader', secret: 'team/s', secretUid: 'u', inSecret: false },
      later,
    ],
    [
      'the Secret that contains it',
      jwt({
        iss: 'kubernetes/serviceaccount',
        sub: SUB,
        'kubernetes.io/serviceaccount/secret.name': 's',
        'kubernetes.io/serviceaccount/service-account.uid': 'uid-1',
      }),
      { account: 'team/reader', accountUid: 'uid-1', secret: 'team/s', inSecret: true },
      undefined,
    ],
  ])('%s', (_title, token, binding, seconds) => {
    const expiresAt = seconds === undefined ? undefined : seconds * 1_000
    expect(reading(token)).toMatchObject({ kind: 'possible', lifetime: { binding, expiresAt } })
  })

  it.each([
    ['of a user', 'alice'],
    ['of a node', 'system:node:a'],
    ['with too many parts', 'system:serviceaccount:a:b:c'],
    ['without a name', 'system:serviceaccount:a:'],
    ['of nobody', undefined],
  ])('no ServiceAccount: %s', (_title, sub) => {
    expect(reading(bound({ sub }))).toMatchObject({ lifetime: { binding: undefined } })
  })

  it('nothing through properties of Object.prototype', () => {
    const token = bound({ 'kubernetes.io': { secret: { __proto__: null, name: {} }, uid: [] } })
    expect(reading(token)).toMatchObject({
      lifetime: { binding: { secret: undefined, accountUid: undefined } },
    })
  })
})
