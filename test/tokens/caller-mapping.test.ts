import { describe, expect, it } from 'vitest'
import { type CallerMapping, mapCaller } from '../../src/tokens/caller-mapping.ts'
import type { Claims } from '../../testing/issuers/oidc-issuer.ts'

const mapping = (username: string, groups = 'groups', prefix = 'idp:'): CallerMapping => ({
  name: 'idp',
  issuer: 'https://idp.example',
  rbac: { username: { claim: username, prefix }, groups: { claim: groups, prefix } },
})

const AUTHENTICATED = 'system:authenticated'

/** The user and the groups of the caller, or the reason of the refusal. */
function read(claims: Claims, given: CallerMapping = mapping('sub')) {
  const verified = mapCaller(given, claims)
  if (verified.kind === 'refused') return verified.reason
  const { user, groups } = verified.value
  return [user, ...groups]
}

describe('the groups of a token', () => {
  it.each<[string, unknown, readonly string[]]>([
    ['a list', ['a', 'b'], ['idp:a', 'idp:b']],
    ['a text', 'a', ['idp:a']],
    ['an empty list', [], []],
    ['missing', undefined, []],
    ['with an empty group', ['', 'a'], ['idp:a']],
    [
      'with the name of a Kubernetes group, after the prefix',
      ['system:masters'],
      ['idp:system:masters'],
    ],
  ])('%s', (_title, groups, expected) => {
    expect(read({ sub: 'ada', groups })).toEqual(['idp:ada', ...expected])
  })

  it.each<[string, unknown, readonly string[], boolean]>([
    ['a number', 42, ['idp:42'], false],
    ['true', true, ['idp:true'], false],
    ['null', null, [], true],
    ['an object', { 0: 'admins', length: 1 }, [], true],
    ['a list with a number', ['a', 42], ['idp:a', 'idp:42'], false],
    ['a list with a number that is not exact', ['a', 2 ** 60], ['idp:a'], true],
    ['a list with null', ['a', null], ['idp:a'], true],
    ['a list within a list', [['a']], [], true],
  ])('are the valid ones if they are %s', (_title, groups, expected, more) => {
    const verified = mapCaller(mapping('sub'), { sub: 'ada', groups })

    expect(verified).toMatchObject({ value: { groups: expected } })
    expect(verified.kind === 'verified' && verified.value.moreGroups === true).toBe(more)
  })

  it('may be incomplete', () => {
    const claims = { sub: 'ada', groups: ['a'], _claim_names: { groups: 'src1' } }
    expect(mapCaller(mapping('sub'), claims)).toMatchObject({
      value: { groups: ['idp:a'], moreGroups: true },
    })
  })

  it('and the user are found at paths, like claims of rules', () => {
    const claims = { who: { 'e.mail': 'ada' }, realm_access: { roles: ['a'] } }
    expect(read(claims, mapping('who.e.mail', 'realm_access.roles'))).toEqual(['idp:ada', 'idp:a'])
  })

  it('are read from the token itself, not from Object.prototype', () => {
    expect(read({ sub: 'ada' }, mapping('sub', 'constructor'))).toEqual(['idp:ada'])
    expect(read({ sub: 'ada' }, mapping('sub', '__proto__'))).toEqual(['idp:ada'])
    expect(
      read(JSON.parse('{"sub":"ada","__proto__":["a"]}'), mapping('sub', '__proto__')),
    ).toEqual(['idp:ada', 'idp:a'])
  })
})

describe('a token is refused', () => {
  it.each<[string, Claims]>([
    ['with null for the user', { sub: null }],
    ['that says that it omits the user', { _claim_names: { sub: 'src1' } }],
    ['with an empty user', { sub: '' }],
    ['with a number for the user', { sub: 7 }],
    ['with a list for the user', { sub: ['ada'] }],
  ])('%s', (_title, claims) => {
    expect(read(claims)).toBe('invalid-token')
  })

  it.each(['toString', '__proto__', 'constructor'])(
    'whose user would come from Object.prototype: %s',
    (claim) => {
      expect(read({ sub: 'ada' }, mapping(claim))).toEqual([undefined])
    },
  )

  it('if prefix and claim together form a Kubernetes name', () => {
    expect(read({ sub: 'stem:admin' }, mapping('sub', 'groups', 'sy'))).toBe('invalid-token')
    expect(read({ sub: 'ada', groups: ['stem:masters'] }, mapping('sub', 'groups', 'sy'))).toBe(
      'invalid-token',
    )
  })

  it('if its subject is a Kubernetes name and there is no prefix', () => {
    const plain = { ...mapping('sub'), rbac: undefined }
    expect(read({ sub: 'system:admin' }, plain)).toBe('invalid-token')
  })
})

describe('an e-mail address', () => {
  const email = 'ada@example.com'

  it.each<[string, Claims]>([
    ['verified', { email, email_verified: true }],
    ['of an issuer that does not say whether it is verified', { email }],
    ['that is verified as a text', { email, email_verified: 'true' }],
  ])('%s names the user', (_title, claims) => {
    expect(read(claims, mapping('email'))).toEqual([`idp:${email}`])
  })

  it.each<[string, unknown]>([
    ['false', false],
    ['null', null],
    ['a text', 'false'],
    ['another text', 'yes'],
    ['a text in upper case', 'TRUE'],
    ['a number', 1],
  ])('that is not verified (%s) identifies nobody, in no header either', (_title, verified) => {
    const claims = { sub: 'ada', email, email_verified: verified }
    const bySubject = mapCaller(mapping('sub'), claims)

    expect(read(claims, mapping('email'))).toBe('invalid-token')
    expect(bySubject.kind === 'verified' && bySubject.value.claims).toEqual({
      sub: 'ada',
      email: null,
      email_verified: verified,
    })
  })
})

describe('a token without the claim of the user', () => {
  it('identifies no user, and is not in the group of authenticated users', () => {
    expect(mapCaller(mapping('sub'), { groups: ['a'] })).toMatchObject({
      value: {
        user: undefined,
        groups: ['idp:a'],
        inRbac: true,
        reference: 'idp https://idp.example',
      },
    })
  })
})

describe('a caller', () => {
  it.each([
    ['is in the group of authenticated users', undefined, [AUTHENTICATED]],
    ['is not, if the configuration says so', false, undefined],
  ])('of RBAC %s', (_title, authenticated, groups) => {
    const { rbac, ...rest } = mapping('sub')
    if (rbac === undefined) throw new Error('there is no mapping')
    const given = {
      ...rest,
      rbac: { ...rbac, ...(authenticated === undefined ? {} : { authenticated }) },
    }
    const verified = mapCaller(given, { sub: 'ada', groups: ['a'] })
    expect(verified.kind === 'verified' && verified.value.impliedGroups).toEqual(groups)
  })

  it('unknown to RBAC is named by the claim that its provider configures', () => {
    const user = { claim: 'client_id', prefix: 'app:' }
    const given = { ...mapping('sub'), rbac: undefined, user }
    expect(mapCaller(given, { sub: 'ada', client_id: 'batch' })).toMatchObject({
      value: { user: 'app:batch', groups: [], inRbac: false },
    })
    expect(
      mapCaller({ ...given, user: { ...user, prefix: '' } }, { client_id: 'system:admin' }),
    ).toEqual({
      kind: 'refused',
      reason: 'invalid-token',
      refusal: { cause: 'reserved-name', claim: 'client_id' },
    })
  })

  it('has the audiences of its token, also from a claim other than aud', () => {
    const aud = ['a', 7, 'b']
    expect(mapCaller(mapping('sub'), { sub: 'ada', aud })).toMatchObject({
      value: { audiences: ['a', 'b'] },
    })
    const given = { ...mapping('sub'), audienceClaim: 'client_id' }
    expect(mapCaller(given, { sub: 'ada', aud, client_id: 'web' })).toMatchObject({
      value: { audiences: ['web'] },
    })
  })

  it('has groups, and invalid ones are counted', () => {
    const counted: number[] = []
    const groups = ['a', null, {}, 7]
    mapCaller(mapping('sub'), { sub: 'ada', groups }, (count) => counted.push(count))
    mapCaller(mapping('sub'), { sub: 'ada', groups: ['a'] }, (count) => counted.push(count))
    expect(counted).toEqual([2])
  })

  it('is known to RBAC only if the provider has a mapping', () => {
    const verified = mapCaller(
      { ...mapping('sub'), rbac: undefined },
      { sub: 'ada', groups: ['a'] },
    )

    expect(verified).toMatchObject({ value: { user: 'ada', groups: [], inRbac: false } })
  })

  it('is logged with provider, issuer and subject', () => {
    const verified = mapCaller(mapping('email'), { sub: 'ada', email: 'ada@example.com' })

    expect(verified).toMatchObject({ value: { reference: 'idp https://idp.example ada' } })
  })
})
