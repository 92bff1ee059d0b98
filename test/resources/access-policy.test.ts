import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readResource } from '../../src/resources/resource.ts'
import { casesOf } from '../../testing/cases.ts'
import { read, reasonsOf, SETTINGS } from '../../testing/objects.ts'
import { ACCEPTED, from, IRIS, NULLS, path } from '../../testing/policies/access-policies.ts'
import { anAccessPolicy, policyOf } from '../../testing/policies/policies.ts'
import { REFUSED } from '../../testing/policies/refused-access-policies.ts'

const reasons = (spec: unknown, settings = {}) => reasonsOf(read(anAccessPolicy(spec), settings))

describe('an AccessPolicy', () => {
  it('is read field by field', () => {
    const spec = {
      targetRefs: [IRIS],
      authentication: {
        kubernetes: { audiences: ['models'] },
        apiKeys: { selector: { matchLabels: { tier: 'gold' } } },
        jwt: [{ provider: 'keycloak', audiences: ['kserve'] }, { provider: 'keycloak' }],
        mesh: {},
        anonymous: {},
      },
      deny: [{}],
      allow: [{ from: [{ claims: { tenant: ['acme'] } }], to: [{ paths: ['/v2/*'] }] }],
      exclusions: [{ path: '/v2/health/ready' }, { path: '/x', methods: ['GET'] }],
      headers: { 'kubeflow-userid': { claim: 'email' } },
    }
    expect(policyOf(spec)).toEqual({
      namespace: 'team',
      name: 'policy',
      targets: [{ kind: 'InferenceService', name: 'iris' }],
      mode: 'enforce',
      terms: {
        accepted: {
          kubernetes: { audiences: ['models'] },
          apiKeys: { labels: new Map([['tier', 'gold']]) },
          jwt: [
            { provider: 'keycloak', audiences: ['kserve'] },
            { provider: 'keycloak', audiences: undefined },
          ],
          mesh: true,
          anonymous: true,
        },
        deny: [{ from: undefined, to: undefined }],
        allow: [
          { from: [{ claims: new Map([['tenant', ['acme']]]) }], to: [{ paths: ['/v2/*'] }] },
        ],
        exclusions: [
          { path: '/v2/health/ready', methods: ['GET', 'HEAD'] },
          { path: '/x', methods: ['GET'] },
        ],
        headers: { 'kubeflow-userid': 'email' },
      },
    })
    expect(reasons(spec)).toEqual([])
  })

  it.each(ACCEPTED)('is valid with %s', (_title, spec) => {
    expect(policyOf(spec).terms).toBeDefined()
  })

  it.each(NULLS)('is invalid with null for %s', (_title, spec) => {
    expect(policyOf(spec).terms).toBeUndefined()
    expect(reasons(spec)).toContain('PolicyInvalid')
  })

  it.each(REFUSED.filter(([title]) => !SHORTER.test(title)))(
    'is invalid with %s',
    (_title, spec) => {
      expect(reasons(spec)).toContain('PolicyInvalid')
    },
  )

  it.each<[title: string, spec: unknown]>([
    ['no spec', undefined],
    ['a spec that is null', null],
    ['a spec that is a list', []],
    ['another field', { rules: [] }],
    ['another field in a rule', { deny: [{ when: [] }] }],
    ['an own property named __proto__', JSON.parse('{"__proto__": {"allow": [{}]}}')],
    ['too many rules', { deny: Array.from({ length: 1_025 }, () => ({})) }],
    ['a path with an escape', path('/%61')],
    ['a principal that is not a ServiceAccount', from({ principals: ['cluster.local/x'] })],
    ['an exclusion of POST', { exclusions: [{ path: '/x', methods: ['POST'] }] }],
  ])('is invalid with %s', (_title, spec) => {
    expect(policyOf(spec)).toMatchObject({ mode: 'enforce', targets: undefined, terms: undefined })
  })

  it('with invalid targets applies to its whole namespace', () => {
    expect(policyOf({ targetRefs: 'iris', allow: [{}] })).toMatchObject({
      targets: undefined,
      terms: undefined,
    })
    expect(policyOf({ targetRefs: [IRIS, {}] })).toMatchObject({ targets: undefined })
    expect(policyOf({ targetRefs: [] }).targets).toEqual([])
  })

  it('with an invalid mode is enforced as it is written', () => {
    const policy = policyOf({ mode: 'shadow', targetRefs: [IRIS], allow: [] })
    expect(policy).toMatchObject({ mode: 'enforce', terms: { allow: [] }, targets: [{}] })
    expect(reasons({ mode: 'shadow' })).toEqual(['PolicyInvalid'])
  })

  it.each<[title: string, metadata: object]>([
    ['name', { name: 'A', namespace: 'team' }],
    ['labels', { name: 'policy', namespace: 'team', labels: [] }],
  ])('with an invalid %s closes its namespace', (_title, metadata) => {
    const reading = read({ ...anAccessPolicy({ mode: 'Shadow' }), metadata })
    expect(reading.resource).toMatchObject({
      policy: { namespace: 'team', mode: 'enforce', targets: undefined, terms: undefined },
    })
    expect(reasonsOf(reading)).toEqual(['PolicyInvalid'])
  })

  it('is never quoted in a problem', () => {
    const spec = { allow: [{ from: [{ users: 'secret-1' }] }], headers: { 'secret-2': 'secret-3' } }
    expect(JSON.stringify(read(anAccessPolicy(spec)).problems)).not.toContain('secret-')
  })
})

// Sizes, and rules that count or compare, are validated by the cluster only.
const SHORTER = /too many|too long|twice|repeated|capitals, as/i

describe('the limits of the configuration', () => {
  const within = (ownersMay: object) => ({ ownersMay: { ...SETTINGS.ownersMay, ...ownersMay } })

  it.each<[field: string, limit: string, reason: string, spec: unknown, within: object]>([
    [
      'anonymous callers',
      'anonymous',
      'AnonymousNotAllowed',
      { authentication: { anonymous: {} } },
      { terms: { accepted: { anonymous: false } } },
    ],
    [
      'exclusions',
      'exclusions',
      'ExclusionsNotAllowed',
      { exclusions: [{ path: '/x' }] },
      { terms: { exclusions: [] } },
    ],
    ['Shadow', 'shadow', 'ShadowNotAllowed', { mode: 'Shadow', allow: [{}] }, { mode: 'none' }],
  ])('apply to %s, and are reported', (_field, limit, reason, spec, expected) => {
    expect(reasons(spec)).toEqual([])
    const settings = within({ [limit]: false })
    expect(policyOf(spec, 'policy', settings)).toMatchObject(expected)
    expect(reasons(spec, settings)).toEqual([reason])
  })

  it('enforce no policy whose author wrote Shadow, even an invalid one', () => {
    const settings = within({ shadow: false })
    expect(policyOf({ mode: 'Shadow', allow: null }, 'policy', settings)).toMatchObject({
      mode: 'none',
      terms: undefined,
    })
  })

  it('leave an unknown provider without callers', () => {
    const spec = { authentication: { jwt: [{ provider: 'mine' }] } }
    expect(policyOf(spec).terms?.accepted?.jwt).toEqual([
      { provider: 'mine', audiences: undefined, unconfigured: 'mine' },
    ])
    expect(reasons(spec)).toEqual(['UnknownProvider'])
  })

  it.each([
    { issuer: 'https://mine.example.com' },
    { provider: 'keycloak', issuer: 'https://mine.example.com' },
    { provider: 'keycloak', jwksUri: 'https://mine.example.com/keys' },
    { provider: 'keycloak', algorithms: ['HS256'] },
  ])('do not let tenants choose an issuer: %o', (jwt) => {
    expect(policyOf({ authentication: { jwt: [jwt] } }).terms).toBeUndefined()
  })

  // In addition to those that the cluster always refuses.
  it.each(['x-api-key', 'x-goog-iap-jwt-assertion', 'x-auth-user'])(
    'let no policy set the header "%s"',
    (name) => {
      expect(policyOf({ headers: { [name]: { claim: 'email' } } }).terms).toBeUndefined()
    },
  )
})

const anything = fc.anything({
  maxDepth: 4,
  key: fc.constantFrom('from', 'to', 'users', '__proto__'),
})
const FIELDS = ['targetRefs', 'mode', 'authentication', 'deny', 'allow', 'exclusions', 'headers']

it('a fault names the unknown field on one line, and never its value', () => {
  const long = `fr\nm${'x'.repeat(100)}`
  const messageOf = (spec: unknown) =>
    read(anAccessPolicy(spec)).problems.map(({ message }) => message)

  expect(messageOf({ allow: [{ frm: 'a-secret' }] })).toEqual([
    'spec.allow[0] has an unknown field "frm": it may have from, to',
  ])
  expect(messageOf({ allow: [{ [long]: 'a-secret' }] })).toEqual([
    `spec.allow[0] has an unknown field "fr?m${'x'.repeat(60)}": it may have from, to`,
  ])
})

describe('any spec of a policy', () => {
  it('gives a policy, and never an error', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.constantFrom(...FIELDS), anything), (spec) => {
        expect(policyOf(spec)).toMatchObject({ namespace: 'team' })
      }),
      { numRuns: casesOf(2_000) },
    )
    fc.assert(
      fc.property(anything, anything, (spec, metadata) => {
        const object = { ...anAccessPolicy(spec), metadata }
        expect(() => readResource(object, SETTINGS)).not.toThrow()
      }),
    )
  })
})
