import { describe, expect, it } from 'vitest'
import { effectivePolicyOf, judgeByRules } from '../../src/access/effective-policy.ts'
import { mapCaller } from '../../src/tokens/caller-mapping.ts'
import { aService } from '../../testing/builders.ts'
import { policyOf } from '../../testing/policies/policies.ts'

type Claims = Readonly<Record<string, unknown>>

/** A caller with these claims, whose groups are in `groups` or at a path. */
function callerOf(claims: Claims, groups = 'groups') {
  const prefix = 'idp:'
  const verified = mapCaller(
    {
      name: 'idp',
      issuer: 'https://idp.example',
      rbac: { username: { claim: 'sub', prefix }, groups: { claim: groups, prefix } },
    },
    { sub: 'ada', ...claims },
  )
  if (verified.kind === 'refused') throw new Error(verified.reason)
  return verified.value
}

/** The result of one source of a rule for a token, under `deny` and under `allow`. */
function effectOf(source: object, claims: Claims, groups?: string): string {
  const caller = callerOf(claims, groups)
  const judge = (spec: object) =>
    judgeByRules(effectivePolicyOf(aService(), [policyOf(spec)]), caller, {
      method: 'GET',
      path: '/',
    })
  const rules = [{ from: [source] }]
  const [denied, allowed] = [judge({ deny: rules }), judge({ allow: rules })]
  if (denied === 'denied') return allowed === 'allowed' ? 'matches' : 'cannot tell'
  return allowed === 'refused' ? 'does not match' : 'allows if it does not deny'
}

const MATCHES = 'matches'
const UNLIKE = 'does not match'
const UNKNOWN = 'cannot tell'
type Row = readonly [title: string, claims: Claims, wanted: Readonly<Record<string, string[]>>]

const claim = (wanted: Readonly<Record<string, string[]>>) => ({ claims: wanted })
const json = (text: string): Claims => JSON.parse(text)

describe('a rule matches', () => {
  it.each<Row>([
    ['a boolean by its JSON text', { suspended: true }, { suspended: ['true'] }],
    ['false by its JSON text', { active: false }, { active: ['false'] }],
    ['a number by its JSON text', { level: 3 }, { level: ['3'] }],
    ['a fraction', { level: 1.5 }, { level: ['1.5'] }],
    ['minus zero as zero', json('{"level": -0}'), { level: ['0'] }],
    ['the largest safe integer', { id: 9_007_199_254_740_991 }, { id: ['9007199254740991'] }],
    ['one scope of several', { scope: 'openid trial' }, { scope: ['trial'] }],
    ['one scope among several spaces', { scp: '  a   b ' }, { scp: ['b'] }],
    ['a permission', { permission: 'read write' }, { permission: ['write'] }],
    ['permissions', { permissions: 'read write' }, { permissions: ['read'] }],
    ['a scope in a nested claim', { token: { scope: 'a b' } }, { 'token.scope': ['b'] }],
    ['the text of all scopes', { scope: 'a b' }, { scope: ['a b'] }],
    ['a list with a boolean', { flags: ['x', true] }, { flags: ['true'] }],
    ['a list with a number', { ids: [1, 2] }, { ids: ['2'] }],
    ['a list with other entries of unusual types', { ids: [null, {}, 'a'] }, { ids: ['a'] }],
    ['a key with dots', { 'https://acme.com/tier': 'x' }, { 'https://acme.com/tier': ['x'] }],
    [
      'a key with dots in a nested claim',
      { resource_access: { 'models.acme': { roles: ['admin'] } } },
      { 'resource_access.models.acme.roles': ['admin'] },
    ],
    [
      'below a key with dots',
      { 'https://acme.com': { roles: ['admin'] } },
      { 'https://acme.com.roles': ['admin'] },
    ],
    ['the longest key first', { 'a.b': 'x', a: { b: 'y' } }, { 'a.b': ['x'] }],
    ['a claim named __proto__', json('{"__proto__": {"a": "x"}}'), { '__proto__.a': ['x'] }],
    ['a claim with an empty name', { '': 'x' }, { '': ['x'] }],
    ['letters of any script', { team: 'модели' }, { team: ['модели'] }],
    [
      'a claim that is present although the token omits a part of it',
      { roles: ['a'], _claim_names: { roles: 'src1' } },
      { roles: ['a'] },
    ],
  ])('%s', (_title, claims, wanted) => {
    expect(effectOf(claim(wanted), claims)).toBe(MATCHES)
  })
})

describe('a rule does not match', () => {
  it.each<Row>([
    ['another boolean', { suspended: false }, { suspended: ['true'] }],
    ['another number', { level: 3 }, { level: ['4', 'three', '', ' 3', '0x3'].filter(Boolean) }],
    ['a part of a scope', { scope: 'openid trials' }, { scope: ['trial'] }],
    ['a part of a scope', { title: 'a b' }, { title: ['b'] }],
    ['an absent claim', {}, { tenant: ['acme'] }],
    ['an absent nested claim', { realm_access: {} }, { 'realm_access.roles': ['admin'] }],
    ['an empty list', { roles: [] }, { roles: ['admin'] }],
    [
      'a property that every object inherits',
      {},
      { 'constructor.name': ['Object'], toString: ['x'] },
    ],
    ['the shorter key', { 'a.b': 'x', a: { b: 'y' } }, { 'a.b': ['y'] }],
    ['an empty text', { tenant: null }, { tenant: [] }],
    ['another case', { tenant: 'Acme' }, { tenant: ['acme'] }],
    [
      'a claim next to one that is left out',
      { tenant: 'acme', _claim_names: { groups: 'src1' }, hasgroups: true },
      { tenant: ['other'] },
    ],
    ['a claim of a token that omits nothing', { _claim_names: null }, { roles: ['admin'] }],
    ['a claim when the token omits others', { roles: 'a', _claim_sources: {} }, { roles: ['b'] }],
  ])('%s', (_title, claims, wanted) => {
    expect(effectOf(claim(wanted), claims)).toBe(UNLIKE)
  })
})

describe('a rule has an unknown result for', () => {
  it.each<Row>([
    ['null', { tenant: null }, { tenant: ['acme'] }],
    ['an object', { tenant: { name: 'acme' } }, { tenant: ['acme'] }],
    ['an empty object', { tenant: {} }, { tenant: ['acme'] }],
    ['a list in a list', { roles: [['admin']] }, { roles: ['admin'] }],
    ['a list with null', { roles: ['a', null] }, { roles: ['admin'] }],
    ['a list with an object', { roles: [{ name: 'admin' }] }, { roles: ['admin'] }],
    ['a path through a text', { realm_access: 'x' }, { 'realm_access.roles': ['admin'] }],
    ['a path through a list', { a: [{ b: 'x' }] }, { 'a.b': ['x'] }],
    ['a path through an index', { a: ['x'] }, { 'a.0': ['x'] }],
    ['a path through null', { a: null }, { 'a.b': ['x'] }],
    [
      'a path that ends below one of two keys',
      { 'a.b': {}, a: { b: { c: 'x' } } },
      { 'a.b.c': ['x'] },
    ],
    [
      'an integer that is not exact',
      json('{"id": 12345678901234567891}'),
      { id: ['12345678901234567891'] },
    ],
    [
      'an integer that rounds to the text',
      json('{"id": 12345678901234567891}'),
      { id: ['12345678901234567000'] },
    ],
    ['an infinite number', json('{"id": 1e400}'), { id: ['1e400'] }],
    ['a number in another spelling', { level: 1 }, { level: ['1.0'] }],
    ['a number of a list in another spelling', { level: [1] }, { level: ['1e0'] }],
    ['scopes with another separator', { scope: 'openid\ttrial,x' }, { scope: ['trial'] }],
    ['scopes in an entry of a list', { scope: ['openid trial'] }, { scope: ['trial'] }],
    ['a claim that the token omits', { _claim_names: { roles: 'src1' } }, { roles: ['admin'] }],
    ['a path into an omitted claim', { _claim_names: { a: 'src1' } }, { 'a.roles': ['admin'] }],
    [
      'a claim of which the token omits a part',
      { roles: ['a'], _claim_names: { roles: 'src1' } },
      { roles: ['admin'] },
    ],
    ['groups when the token has too many', { hasgroups: true }, { groups: ['admins'] }],
    ['the same as text', { hasgroups: 'true' }, { groups: ['admins'] }],
    ['groups behind a link', { 'groups:src1': 'https://graph' }, { groups: ['admins'] }],
    [
      'groups that name their source',
      { groups: 'src1', _claim_sources: { src1: { endpoint: 'https://graph' } } },
      { groups: ['admins'] },
    ],
    ['claims with unreadable names', { _claim_names: ['groups'] }, { roles: ['admin'] }],
    [
      'an e-mail address that is not verified',
      { email: 'a@b.c', email_verified: false },
      { email: ['d@e.f'] },
    ],
  ])('%s', (_title, claims, wanted) => {
    expect(effectOf(claim(wanted), claims)).toBe(UNKNOWN)
  })

  it('if one of two claims is unknown and the other matches, and not if the other does not match', () => {
    const claims = { tenant: 'acme', level: null }
    expect(effectOf(claim({ tenant: ['acme'], level: ['1'] }), claims)).toBe(UNKNOWN)
    expect(effectOf(claim({ level: ['1'], tenant: ['other'] }), claims)).toBe(UNLIKE)
  })
})

describe('groups', () => {
  const admins = { groups: ['idp:admins'] }

  it.each<[string, Claims, string | undefined]>([
    ['in a list', { groups: ['a', 'admins'] }, undefined],
    ['in a text', { groups: 'admins' }, undefined],
    ['at a path', { realm_access: { roles: ['admins'] } }, 'realm_access.roles'],
    ['under a key with dots', { 'https://acme.com/groups': ['admins'] }, 'https://acme.com/groups'],
    ['next to entries of unusual types', { groups: [null, {}, 'admins'] }, undefined],
    ['among scopes', { scope: 'a admins' }, 'scope'],
  ])('match %s', (_title, claims, path) => {
    expect(effectOf(admins, claims, path)).toBe(MATCHES)
  })

  it.each<[string, Claims, string | undefined]>([
    ['others', { groups: ['a'] }, undefined],
    ['none', { groups: [] }, undefined],
    ['an absent claim', {}, undefined],
    ['an absent path', { realm_access: {} }, 'realm_access.roles'],
    ['a group that the token omits elsewhere', { roles: ['a'], hasgroups: true }, 'roles'],
  ])('do not match %s', (_title, claims, path) => {
    expect(effectOf(admins, claims, path)).toBe(UNLIKE)
  })

  it.each<[string, Claims, string | undefined]>([
    ['the token omits them', { _claim_names: { groups: 'src1' } }, undefined],
    ['the token has too many', { hasgroups: true }, undefined],
    ['the token links to them', { 'groups:src2': 'https://graph' }, undefined],
    ['they name their source', { groups: 'src1', _claim_sources: { src1: {} } }, undefined],
    ['an entry has an unusual type', { groups: ['a', ['admins']] }, undefined],
    ['they are null', { groups: null }, undefined],
    ['they are an object', { groups: { 0: 'admins' } }, undefined],
    ['the path leads through a text', { realm_access: 'x' }, 'realm_access.roles'],
  ])('are unknown if %s', (_title, claims, path) => {
    expect(effectOf(admins, claims, path)).toBe(UNKNOWN)
  })

  it('are not passed to RBAC if unknown, while known ones are', () => {
    expect(callerOf({ hasgroups: true }).groups).toEqual([])
    expect(callerOf({ groups: ['a', null, 7] }).groups).toEqual(['idp:a', 'idp:7'])
  })
})
