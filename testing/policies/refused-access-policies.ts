import { RESERVED_HEADERS, RESERVED_PREFIXES } from '../../src/resources/policy-extras.ts'
import { from, IRIS, path, targets, to } from './access-policies.ts'

type Refused = readonly [title: string, spec: unknown, message: RegExp]

/** Specs that the cluster refuses, with the message. */
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
    'a target in upper case',
    { targetRefs: [{ ...IRIS, name: 'Iris' }] },
    /targetRefs\[0\]\.name: Invalid value/,
  ],
  ['another mode', { mode: 'Audit' }, /spec\.mode: Unsupported value: "Audit"/],
  ['rules that are not a list', { allow: {} }, /spec\.allow/],
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
    'a principal with a URI scheme',
    from({ principals: ['spiffe://cluster.local/ns/team/sa/reader'] }),
    /principals\[0\]/,
  ],
  [
    'a principal that no certificate can have',
    from({ principals: ['cluster.local/ns/Team/sa/reader'] }),
    /principals\[0\]/,
  ],
  ['a claim with a single text', from({ claims: { tenant: 'acme' } }), /claims\.tenant/],
  [
    'a claim that is null',
    from({ claims: { tenant: null } }),
    /claims: .*has a value that is null: "tenant"$/,
  ],
  [
    'a header that is null',
    { headers: { 'x-a': null } },
    /headers: .*has a value that is null: "x-a"$/,
  ],
  ['a claim with a number', from({ claims: { tenant: [7] } }), /claims\.tenant\[0\]/],
  [
    'a label that no Secret can have',
    from({ apiKeys: { matchLabels: { a: 'b c' } } }),
    /matchLabels\.a/,
  ],
  [
    'a method in lower case',
    to({ methods: ['get'] }),
    /methods\[0\]: .*is no HTTP method in capitals: "get"$/,
  ],
  [
    'a wildcard as a method',
    to({ methods: ['*'] }),
    /methods\[0\]: .*is no HTTP method in capitals: "\*"$/,
  ],
  ['a wildcard at the start', path('*/predict'), /paths\[0\]: Invalid value/],
  ['a wildcard within a name', path('/v1/iris*'), /paths\[0\]: Invalid value/],
  ['a wildcard before a name', path('/v1/*iris/predict'), /paths\[0\]: Invalid value/],
  ['two wildcards in a segment', path('/a/**'), /paths\[0\]: Invalid value/],
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
  [
    'an exclusion of a prefix',
    { exclusions: [{ path: '/a/*' }] },
    /exclusions\[0\]\.path: .*exclusions are exact: "\/a\/\*"/,
  ],
  [
    'an exclusion that is not canonical',
    { exclusions: [{ path: '/a/../b' }] },
    /path: Invalid value/,
  ],
  [
    'a header without a name',
    { headers: { '': { claim: 'a' } } },
    /no name of a header in lower case: ""$/,
  ],
  [
    'a header in upper case',
    { headers: { 'x-a': { claim: 'a' }, 'X-Tenant': { claim: 'a' } } },
    /no name of a header in lower case: "X-Tenant"$/,
  ],
  ...['x_tenant', 'x tenant', ':path', 'x-ä', 'a'.repeat(257)].map(
    (name): Refused => [
      `a header named ${name.slice(0, 8)}`,
      { headers: { [name]: { claim: 'a' } } },
      new RegExp(`no name of a header in lower case: "${name}"$`),
    ],
  ),
  ...[...RESERVED_HEADERS, ...RESERVED_PREFIXES.map((prefix) => `${prefix}a`)].map(
    (name): Refused => [
      `the header ${name}`,
      { headers: { 'x-a': { claim: 'a' }, [name]: { claim: 'a' } } },
      new RegExp(`has the name of a header that is not a policy's to set: "${name}"$`),
    ],
  ),
  // A message is one line.
  [
    'a header with a line break in its name',
    { headers: { 'x\ny': { claim: 'a' } } },
    /no name of a header in lower case$/,
  ],
  ['a header without a claim', { headers: { 'x-tenant': {} } }, /claim: Required value/],
  [
    'a repeated provider',
    { authentication: { jwt: [{ provider: 'a' }, { provider: 'a', audiences: [] }] } },
    /jwt\[1\]: Duplicate value/,
  ],
  [
    'a provider without a name',
    { authentication: { jwt: [{ provider: '' }] } },
    /provider: Invalid value/,
  ],
]
