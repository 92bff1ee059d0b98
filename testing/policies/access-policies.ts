/** A description of a spec, and the spec as written. */
type Row = readonly [title: string, spec: unknown]

export const IRIS = { group: 'serving.kserve.io', kind: 'InferenceService', name: 'iris' }

export const targets = (...kinds: readonly string[]) => ({
  targetRefs: kinds.map((kind) => ({ ...IRIS, kind })),
})
export const to = (part: object) => ({ allow: [{ to: [part] }] })
export const from = (part: object) => ({ allow: [{ from: [part] }] })
export const path = (text: unknown) => to({ paths: [text] })

/** Accepted by the cluster, and by the reader. */
export const ACCEPTED: readonly Row[] = [
  ['nothing at all', {}],
  ['one target of each kind', targets('InferenceService', 'InferenceGraph', 'LLMInferenceService')],
  ['no target', { targetRefs: [] }],
  ['mode Enforce', { mode: 'Enforce' }],
  ['mode Shadow', { mode: 'Shadow' }],
  ['no credential at all', { authentication: {} }],
  [
    'every kind of credential',
    {
      authentication: {
        kubernetes: { audiences: ['models'] },
        apiKeys: { selector: { matchLabels: { tier: 'gold', 'example.com/team': '' } } },
        jwt: [{ provider: 'keycloak', audiences: ['kserve'] }],
        mesh: {},
        anonymous: {},
      },
    },
  ],
  ['credentials without further parts', { authentication: { kubernetes: {}, apiKeys: {} } }],
  ['an empty list of rules', { allow: [], deny: [] }],
  ['a rule for everything', { allow: [{}] }],
  [
    'a rule with empty parts',
    {
      deny: [
        { from: [], to: [] },
        { from: [{}], to: [{}] },
      ],
    },
  ],
  [
    'every part of a rule',
    {
      deny: [
        {
          from: [
            {
              serviceAccounts: ['team/reader', 'team/reader.v2'],
              users: ['alice@example.com', 'system:serviceaccount:team:reader'],
              groups: ['gold, with a comma'],
              principals: ['cluster.local/ns/team/sa/reader'],
              apiKeys: { matchLabels: { tier: 'gold' } },
              claims: { tenant: ['acme'], 'realm_access.roles': ['admin', 'user'], empty: [] },
            },
          ],
          to: [{ methods: ['GET', 'VERSION-CONTROL'], paths: ['/v2/health/ready'] }],
        },
      ],
    },
  ],
  ...[
    '/',
    '/*',
    '/v2/*',
    '/v2/models/*/infer',
    '/*/*',
    '/a/*/',
    '/v1/models/iris:predict',
    '/a/',
    '/...',
    '/.a/..b',
    '/@a+b=c',
  ].map((text): Row => [`the path ${text}`, path(text)]),
  ['an exclusion', { exclusions: [{ path: '/v2/health/ready', methods: ['GET'] }] }],
  ['an exclusion of any allowed method', { exclusions: [{ path: '/docs' }] }],
  [
    'headers from claims',
    { headers: { 'kubeflow-userid': { claim: 'email' }, 'x-a.b': { claim: 'a' } } },
  ],
  ...['a', 'x-auth-users', 'x-envoy', 'grpc', 'hosts', "!#$%&'*+.^`|~-", 'a'.repeat(256)].map(
    (name): Row => [`the header ${name.slice(0, 16)}`, { headers: { [name]: { claim: 'a' } } }],
  ),
  ['the maximum number of rules', { allow: Array.from({ length: 128 }, () => ({})) }],
  ['the longest text', from({ users: ['\u{1f600}'.repeat(512)] })],
]

/** Accepted and kept by the cluster, and refused by the reader: a value is missing. */
export const NULLS: readonly Row[] = [
  ['targets', { targetRefs: null }],
  ['authentication', { authentication: null }],
  ['mesh', { authentication: { mesh: null } }],
  ['audiences', { authentication: { kubernetes: { audiences: null } } }],
  ['the labels of keys', { authentication: { apiKeys: { selector: { matchLabels: null } } } }],
  ['allow', { allow: null }],
  ['from', { allow: [{ from: null }] }],
  ['to', { allow: [{ to: null }] }],
  ...['serviceAccounts', 'users', 'groups', 'principals', 'apiKeys', 'claims'].map(
    (part): Row => [part, from({ [part]: null })],
  ),
  ['methods', to({ methods: null })],
  ['paths', to({ paths: null })],
]

/** An unknown field among known ones, at each level. */
export const MISSPELT: readonly Row[] = [
  ['of the spec', { alow: [] }],
  ['of a target', { targetRefs: [{ ...IRIS, namespace: 'other' }] }],
  ['of authentication', { authentication: { basic: {} } }],
  ['of a rule', { allow: [{ when: [] }] }],
  ['of a source', from({ serviceAccount: ['team/reader'] })],
  ['of an operation', to({ path: ['/'] })],
  ['of mesh', { authentication: { mesh: { principals: [] } } }],
  ['of anonymous', { authentication: { anonymous: { if: 'allowed' } } }],
  ['of tokens of the cluster', { authentication: { kubernetes: { audience: ['models'] } } }],
  ['of keys', { authentication: { apiKeys: { matchLabels: { tier: 'gold' } } } }],
  [
    'of a selector of keys',
    { authentication: { apiKeys: { selector: { matchLabel: { tier: 'gold' } } } } },
  ],
  ['of a provider', { authentication: { jwt: [{ provider: 'keycloak', audience: ['kserve'] }] } }],
  ['instead of from', { allow: [{ frm: [{ users: ['ada'] }] }] }],
  ['of the labels of a source', from({ apiKeys: { matchLabel: { tier: 'gold' } } })],
  ['of an exclusion', { exclusions: [{ path: '/ready', method: ['GET'] }] }],
  ['of a header', { headers: { 'x-tenant': { claim: 'tenant', or: 'none' } } }],
]
