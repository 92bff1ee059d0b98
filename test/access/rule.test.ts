import { describe, expect, it } from 'vitest'
import type { Caller } from '../../src/access/caller.ts'
import { claimAt } from '../../src/access/claims.ts'
import { explainRule, matchRule, namesPaths, type Rule } from '../../src/access/rule.ts'
import { aCaller, anApiKey } from '../../testing/builders.ts'

const POST = { method: 'POST', path: '/v2/models/iris/infer' }
const rule = (given: Partial<Rule>): Rule => ({ from: undefined, to: undefined, ...given })
const gold = anApiKey({ labels: new Map([['tier', 'gold']]) })

const CALLERS = {
  reader: aCaller({ groups: ['readers'] }),
  key: aCaller({ kind: 'api-key', user: 'ada', groups: ['beta'], inRbac: false, apiKey: gold }),
  jwt: aCaller({
    kind: 'jwt',
    user: 'ada',
    groups: [],
    claims: { tenant: 'acme', a: { b: ['x'] } },
  }),
  pretender: aCaller({ kind: 'jwt', user: 'system:serviceaccount:team:reader', claims: {} }),
  peer: aCaller({ kind: 'mesh', user: 'td/ns/a/sa/x', groups: [], principal: 'td/ns/a/sa/x' }),
  anonymous: aCaller({ kind: 'anonymous', user: 'system:anonymous', groups: [] }),
} as const satisfies Record<string, Caller>
const NAMES = ['reader', 'key', 'jwt', 'pretender', 'peer', 'anonymous'] as const

describe('a rule', () => {
  it.each<[title: string, source: object, fitting: readonly string[]]>([
    ['without conditions matches everybody', {}, NAMES],
    ['of a ServiceAccount', { serviceAccounts: ['team/reader'] }, ['reader']],
    ['of no ServiceAccount', { serviceAccounts: [] }, []],
    ['of a user', { users: ['ada'] }, ['key', 'jwt']],
    [
      'for a user, which neither peers nor anonymous callers are',
      { users: ['td/ns/a/sa/x', 'system:anonymous'] },
      [],
    ],
    ['of one of several groups', { groups: ['readers', 'beta'] }, ['reader', 'key']],
    ['of a principal', { principals: ['td/ns/a/sa/x'] }, ['peer']],
    ['of any key', { apiKeys: new Map() }, ['key']],
    ['of keys with a label', { apiKeys: new Map([['tier', 'gold']]) }, ['key']],
    ['of keys with another value', { apiKeys: new Map([['tier', 'x']]) }, []],
    ['of any claims', { claims: new Map() }, ['jwt', 'pretender']],
    ['of a claim', { claims: new Map([['tenant', ['acme', 'b']]]) }, ['jwt']],
    ['for a nested claim', { claims: new Map([['a.b', ['x']]]) }, ['jwt']],
    [
      'for two claims of which one is missing',
      {
        claims: new Map([
          ['a.b', ['x']],
          ['c', ['x']],
        ]),
      },
      [],
    ],
    ['with two entries of which one matches', { users: ['ada'], groups: ['beta'] }, ['key']],
  ])('%s', (_title, source, fitting) => {
    const found = NAMES.filter((name) => matchRule(rule({ from: [source] }), CALLERS[name], POST))
    expect(found).toEqual(fitting)
  })

  it.each<[to: object, matches: boolean]>([
    [{}, true],
    [{ methods: [] }, false],
    [{ methods: ['GET', 'POST'] }, true],
    [{ methods: ['GET'] }, false],
    [{ paths: [] }, false],
    [{ paths: ['/v2/models/iris/infer'] }, true],
    [{ paths: ['/v2/models/iris'] }, false],
    [{ paths: ['/v2/models/iris/infer/'] }, false],
    [{ paths: ['/v2/*'] }, true],
    [{ paths: ['/*'] }, true],
    [{ paths: ['/v2/models/iris/infer/*'] }, false],
    [{ paths: ['/v2/models/*/infer'] }, true],
    [{ paths: ['/*/models/*/infer'] }, true],
    [{ paths: ['/v2/*/infer'] }, false],
    [{ paths: ['/v2/models/*/infer/*'] }, false],
    [{ paths: ['/v2/*/iris/*'] }, true],
    [{ paths: ['/*/*'] }, true],
    [{ paths: ['/v2/models/iris/*/'] }, false],
    [{ paths: ['/v2/models/iris/infer/*/'] }, false],
    [{ paths: ['/v2/*/*/*/*'] }, false],
    [{ paths: ['/v2/mod/*'] }, false], // /docs is not a prefix of /docs-admin
    [{ methods: ['GET'], paths: ['/*'] }, false],
  ])('to %o matches: %s', (to, matches) => {
    expect(matchRule(rule({ to: [to] }), CALLERS.reader, POST)).toBe(matches)
  })

  it('needs a match in each part, and an empty part never matches', () => {
    const both = { from: [{ users: ['nobody'] }, {}], to: [{ methods: ['GET'] }, {}] }
    expect(matchRule(rule(both), CALLERS.reader, POST)).toBe(true)
    expect(matchRule(rule({ from: [] }), CALLERS.reader, POST)).toBe(false)
    expect(matchRule(rule({ to: [] }), CALLERS.reader, POST)).toBe(false)
  })

  it('reports the parts that decided', () => {
    const strict = rule({ from: [{ users: ['x'] }, { groups: ['y'] }], to: [{ methods: ['GET'] }] })
    expect(explainRule(strict, CALLERS.reader, POST)).toBe(
      'no, by from[0].users, from[1].groups, to[0].methods',
    )
    expect(explainRule(rule({ from: [] }), CALLERS.reader, POST)).toBe(
      'no, by from, which is empty',
    )
    expect(explainRule(rule({}), CALLERS.reader, POST)).toBe('yes')
    const odd = aCaller({ kind: 'jwt', claims: { tenant: null }, groups: [], moreGroups: true })
    const asking = [
      { claims: new Map([['tenant', ['acme']]]) },
      { users: ['x'] },
      { groups: ['y'] },
    ]
    expect(explainRule(rule({ from: asking }), odd, POST)).toBe(
      'cannot tell, by from[0].claims, from[2].groups',
    )
    const both = { from: asking, to: [{ methods: ['GET'] }] }
    expect(explainRule(rule(both), odd, POST)).toBe('no, by to[0].methods')
  })

  it('depends on the path if an entry lists paths, even an empty list', () => {
    expect(namesPaths(rule({ to: [{}, { paths: [] }] }))).toBe(true)
    expect(namesPaths(rule({ to: [{ methods: ['GET'] }] }))).toBe(false)
  })
})

describe('a claim', () => {
  it.each<[name: string, claims: object, value: unknown]>([
    ['a', { a: 1 }, 1],
    ['a.b', { a: { b: 1 } }, 1],
    ['a.b', { 'a.b': 2, a: { b: 1 } }, 2],
    ['a.b.c', { a: { 'b.c': 1 } }, 1],
    ['a.b.c', { 'a.b': { c: 1 }, a: { b: { c: 2 } } }, 1],
    ['a.b', { a: 'x' }, undefined],
    ['a.0', { a: ['x'] }, undefined],
    ['a.length', { a: 'x' }, undefined],
    ['__proto__', {}, undefined],
    ['constructor.name', {}, undefined],
    ['a.toString', { a: {} }, undefined],
    ['', { '': 1 }, 1],
  ])('"%s" of %o', (name, claims, value) => {
    expect(claimAt({ ...claims }, name)).toBe(value)
  })
})
