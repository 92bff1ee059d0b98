import fc from 'fast-check'
import { known, rejected } from '../../src/access/authentication.ts'
import type { Permission } from '../../src/access/decide.ts'
import type { Policy, PolicyTerms } from '../../src/access/policy.ts'
import type { Rule } from '../../src/access/rule.ts'
import { aCaller, anyText, aRequest, aService, type World } from '../builders.ts'

const TERMS: PolicyTerms = {
  accepted: undefined,
  deny: [],
  allow: undefined,
  exclusions: [],
  headers: {},
}

/** In the namespace team, for every service, in shadow. */
export const aPolicy = (given: Partial<Policy> = {}, terms: Partial<PolicyTerms> = {}): Policy => ({
  namespace: 'team',
  name: 'tried',
  targets: undefined,
  mode: 'shadow',
  terms: { ...TERMS, ...terms },
  ...given,
})

const anyRule: fc.Arbitrary<Rule> = fc.record({
  from: fc.option(
    fc.array(fc.record({ groups: fc.subarray(['a', 'system:authenticated']) }), { maxLength: 2 }),
    {
      nil: undefined,
    },
  ),
  to: fc.option(fc.array(fc.record({ methods: fc.subarray(['GET', 'POST']) }), { maxLength: 2 }), {
    nil: undefined,
  }),
})
const anyTerms: fc.Arbitrary<PolicyTerms> = fc.record({
  accepted: fc.option(
    fc.record({
      kubernetes: fc.constantFrom(undefined, { audiences: undefined }, { audiences: ['own'] }),
      apiKeys: fc.constantFrom(undefined, { labels: new Map() }),
      jwt: fc.constant([]),
      mesh: fc.boolean(),
      anonymous: fc.boolean(),
    }),
    { nil: undefined },
  ),
  deny: fc.array(anyRule, { maxLength: 2 }),
  allow: fc.option(fc.array(anyRule, { maxLength: 2 }), { nil: undefined }),
  exclusions: fc.subarray([{ path: '/ready', methods: ['GET'] as const }]),
  headers: fc.constantFrom({}, { 'x-tenant': 'tenant' }),
})
const anyPolicy = (mode: Policy['mode']): fc.Arbitrary<Policy> =>
  fc.record({
    namespace: fc.constant('team'),
    name: fc.constantFrom('a', 'b'),
    targets: fc.constantFrom(undefined, [], [{ kind: 'InferenceService', name: 'iris' } as const]),
    mode: fc.constant(mode),
    terms: fc.option(anyTerms, { nil: undefined }),
  })
export const anyPolicies = fc.array(
  fc.constantFrom('enforce' as const, 'shadow' as const, 'none' as const).chain(anyPolicy),
  { maxLength: 3 },
)
export const anyShadow = fc.array(anyPolicy('shadow'), { minLength: 1, maxLength: 3 })
export const anyWorld: fc.Arbitrary<World> = fc.record({
  services: fc
    .record({
      protection: fc.constantFrom('open', 'protected', 'lost'),
      optedOut: fc.boolean(),
      shadow: fc.boolean(),
    })
    .map((given) => [aService(given)]),
  policies: fc.array(anyPolicy('enforce'), { maxLength: 2 }),
  permits: fc
    .constantFrom<Permission>('yes', 'no', 'unavailable')
    .map((permission) => () => permission),
  tokens: fc.constant(
    new Map([
      ['reader-token', known(aCaller())],
      ['bad-token', rejected('invalid-token')],
    ]),
  ),
})
export const anyAsked = fc
  .record({
    method: fc.constantFrom('GET', 'POST'),
    path: fc.oneof(
      fc.constantFrom('/ready', '/v1/models/iris:predict', '//x'),
      anyText(8).map((text) => `/${text}`),
    ),
    token: fc.constantFrom(undefined, 'reader-token', 'bad-token', 'other'),
  })
  .map(({ token, ...given }) =>
    aRequest({
      ...given,
      headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
    }),
  )
