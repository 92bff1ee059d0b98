/** A spec in words, and as it is written. */
type Row = readonly [title: string, spec: unknown]
type Refused = readonly [title: string, spec: unknown, message: RegExp]

const IRIS = { group: 'serving.kserve.io', kind: 'InferenceService', name: 'iris' }

const to = (part: object) => ({ allow: [{ to: [part] }] })
const from = (part: object) => ({ allow: [{ from: [part] }] })
const path = (text: unknown) => to({ paths: [text] })

/** What the cluster takes, and the reader too. */
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
  ...['/', '/*', '/v2/*', '/v1/models/iris:predict', '/a/', '/...', '/.a/..b', '/@a+b=c'].map(
    (text): Row => [`the path ${text}`, path(text)],
  ),
  ['an exclusion', { exclusions: [{ path: '/v2/health/ready', methods: ['GET'] }] }],
  ['an exclusion of any method that may be', { exclusions: [{ path: '/docs' }] }],
  [
    'headers from claims',
    { headers: { 'kubeflow-userid': { claim: 'email' }, 'x-a.b': { claim: 'a' } } },
  ],
  ['the most rules', { allow: Array.from({ length: 128 }, () => ({})) }],
  ['the longest text', from({ users: ['\u{1f600}'.repeat(512)] })],
]

function targets(...kinds: readonly string[]) {
  return { targetRefs: kinds.map((kind) => ({ ...IRIS, kind })) }
}

/** What the cluster refuses, with its message. */
export const REFUSED: readonly Refused[] = [
  [
    'another group',
    { targetRefs: [{ ...IRIS, group: 'apps' }] },
    /targetRefs\[0\]\.group: Unsupported value/,
  ],
  ['another kind', targets('Pod'), /targetRefs\[0\]\.kind: Unsupported value: "Pod"/],
  [
    'a target without a name',
    { targetRefs: [{ group: IRIS.group, kind: IRIS.kind }] },
    /name: Required value/,
  ],
  [
    'a target in capitals',
    { targetRefs: [{ ...IRIS, name: 'Iris' }] },
    /targetRefs\[0\]\.name: Invalid value/,
  ],
  ['another mode', { mode: 'Audit' }, /spec\.mode: Unsupported value: "Audit"/],
  ['rules that are no list', { allow: {} }, /spec\.allow/],
  ['rules that are null', { allow: null }, /spec\.allow/],
  ['a rule that is null', { allow: [null] }, /spec\.allow\[0\]/],
  ['too many rules', { deny: Array.from({ length: 129 }, () => ({})) }, /spec\.deny: Too many/],
  ['an empty text', from({ users: [''] }), /users\[0\]: Invalid value/],
  ['a number', from({ groups: [7] }), /groups\[0\]: Invalid value/],
  ['too long a text', from({ groups: ['a'.repeat(513)] }), /groups\[0\]: Too long/],
  [
    'a ServiceAccount without a namespace',
    from({ serviceAccounts: ['reader'] }),
    /serviceAccounts\[0\]/,
  ],
  [
    'a principal with its scheme',
    from({ principals: ['spiffe://cluster.local/ns/team/sa/reader'] }),
    /principals\[0\]/,
  ],
  ['a claim with one text', from({ claims: { tenant: 'acme' } }), /claims\.tenant/],
  ['a claim with a number', from({ claims: { tenant: [7] } }), /claims\.tenant\[0\]/],
  [
    'a label that no Secret can have',
    from({ apiKeys: { matchLabels: { a: 'b c' } } }),
    /matchLabels\.a/,
  ],
  [
    'a method in small letters',
    to({ methods: ['get'] }),
    /methods\[0\]: .*is no HTTP method in capitals/,
  ],
  [
    'a wildcard for a method',
    to({ methods: ['*'] }),
    /methods\[0\]: .*is no HTTP method in capitals/,
  ],
  [
    'a wildcard at the start',
    path('*/predict'),
    /paths\[0\]: .*has another wildcard than \/\* at its end/,
  ],
  ['a wildcard within a name', path('/v1/iris*'), /has another wildcard than/],
  ['a wildcard within', path('/v1/*/predict'), /has another wildcard than/],
  ['two wildcards', path('/*/*'), /paths\[0\]: Invalid value/],
  ...[
    '',
    'v1',
    '//',
    '/a//b',
    '/.',
    '/../a',
    '/a/..',
    '/./*',
    '/%61',
    '/a;b',
    '/a?b',
    '/a#b',
    '/a b',
    '/ä',
  ].map((text): Refused => [`the path "${text}"`, path(text), /paths\[0\]: Invalid value/]),
  [
    'an exclusion of a POST',
    { exclusions: [{ path: '/a', methods: ['POST'] }] },
    /methods\[0\]: Unsupported value/,
  ],
  ['an exclusion without a path', { exclusions: [{}] }, /path: Required value/],
  ['an exclusion of a prefix', { exclusions: [{ path: '/a/*' }] }, /exclusions are exact/],
  [
    'an exclusion that is not canonical',
    { exclusions: [{ path: '/a/../b' }] },
    /path: Invalid value/,
  ],
  [
    'a header without a name',
    { headers: { '': { claim: 'a' } } },
    /no name of a header in lower case/,
  ],
  [
    'a header in capitals',
    { headers: { 'X-Tenant': { claim: 'a' } } },
    /no name of a header in lower case/,
  ],
  ...[
    'host',
    'authorization',
    'x-envoy-a',
    'grpc-timeout',
    'x-forwarded-for',
    'x-auth-request-user',
  ].map(
    (name): Refused => [
      `the header ${name}`,
      { headers: { [name]: { claim: 'a' } } },
      /has the name of a header that is not a policy's to set/,
    ],
  ),
  ['a header without a claim', { headers: { 'x-tenant': {} } }, /claim: Required value/],
  [
    'one provider twice',
    { authentication: { jwt: [{ provider: 'a' }, { provider: 'a', audiences: [] }] } },
    /jwt\[1\]: Duplicate value/,
  ],
  [
    'a provider without a name',
    { authentication: { jwt: [{ provider: '' }] } },
    /provider: Invalid value/,
  ],
]

/** An unknown field beside known ones, at each level. */
export const MISSPELT: readonly Row[] = [
  ['of the spec', { alow: [] }],
  ['of a target', { targetRefs: [{ ...IRIS, namespace: 'other' }] }],
  ['of authentication', { authentication: { basic: {} } }],
  ['of a rule', { allow: [{ when: [] }] }],
  ['of a source', from({ serviceAccount: ['team/reader'] })],
  ['of an operation', to({ path: ['/'] })],
  ['of mesh', { authentication: { mesh: { principals: [] } } }],
]
