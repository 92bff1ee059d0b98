import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { exclusionsWith } from '../../src/access/exclusions.ts'
import { type Config, ConfigError, type Flags, readConfig } from '../../src/config/read-config.ts'
import { configReference } from '../../src/config/reference.ts'
import { casesOf } from '../../testing/cases.ts'

type Sources = { text?: string; env?: Record<string, string | undefined>; flags?: Flags }

const read = ({ text, env = {}, flags = {} }: Sources = {}): Config =>
  readConfig({ file: text === undefined ? undefined : { path: 'config.yaml', text }, env, flags })

function problemsOf(sources: Sources): readonly string[] {
  try {
    read(sources)
  } catch (error) {
    if (error instanceof ConfigError) return error.problems
    throw error
  }
  return []
}

/** The value at a dotted key. */
const at = (config: unknown, key: string): unknown =>
  key
    .split('.')
    .reduce<unknown>(
      (holder, name) => Object.entries(holder ?? {}).find(([key]) => key === name)?.[1],
      config,
    )

const nested = (key: string, value: unknown): unknown =>
  key.split('.').reduceRight<unknown>((inner, name) => ({ [name]: inner }), value)

const LISTENERS = [{ position: 'gateway', address: '[::1]:9001' }]
const TLS = { certFile: '/tls.crt', keyFile: '/tls.key', clientCaFile: null, minVersion: 'TLSv1.3' }
const EXCLUSIONS = {
  workload: { predictor: [{ path: '/v2/health/ready', methods: ['GET'] }], llm: [] },
  gateway: { InferenceService: [{ path: '/healthz', methods: ['GET', 'HEAD'] }] },
}

/** Every key with a value other than its default, and its variable. */
const SAMPLES: [key: string, variable: string, value: unknown][] = [
  ['grpc.listeners', 'KSERVE_AUTHZ_GRPC_LISTENERS', LISTENERS],
  ['grpc.tls', 'KSERVE_AUTHZ_GRPC_TLS', TLS],
  ['grpc.maxRequestBytes', 'KSERVE_AUTHZ_GRPC_MAX_REQUEST_BYTES', 2_097_152],
  ['grpc.maxConnections', 'KSERVE_AUTHZ_GRPC_MAX_CONNECTIONS', 64],
  ['grpc.maxConnectionsPerAddress', 'KSERVE_AUTHZ_GRPC_MAX_CONNECTIONS_PER_ADDRESS', 8],
  ['http.address', 'KSERVE_AUTHZ_HTTP_ADDRESS', 'localhost:0'],
  ['http.auth', 'KSERVE_AUTHZ_HTTP_AUTH', 'tokenReview'],
  ['protectByDefault', 'KSERVE_AUTHZ_PROTECT_BY_DEFAULT', true],
  ['ownersMay.optOut', 'KSERVE_AUTHZ_OWNERS_MAY_OPT_OUT', false],
  ['ownersMay.anonymous', 'KSERVE_AUTHZ_OWNERS_MAY_ANONYMOUS', true],
  ['ownersMay.shadow', 'KSERVE_AUTHZ_OWNERS_MAY_SHADOW', false],
  ['ownersMay.exclusions', 'KSERVE_AUTHZ_OWNERS_MAY_EXCLUSIONS', false],
  ['logLevel', 'KSERVE_AUTHZ_LOG_LEVEL', 'debug'],
  ['kubernetes.namespaces', 'KSERVE_AUTHZ_KUBERNETES_NAMESPACES', ['team-a', 'b']],
  ['kubernetes.audiences', 'KSERVE_AUTHZ_KUBERNETES_AUDIENCES', ['models']],
  ['kubernetes.issuer', 'KSERVE_AUTHZ_KUBERNETES_ISSUER', 'https://issuer.example.com'],
  ['kubernetes.jwksFile', 'KSERVE_AUTHZ_KUBERNETES_JWKS_FILE', '/etc/jwks.json'],
  ['kubernetes.tokenHeaders', 'KSERVE_AUTHZ_KUBERNETES_TOKEN_HEADERS', ['x-api-key']],
  ['kubernetes.opaqueTokenPrefixes', 'KSERVE_AUTHZ_KUBERNETES_OPAQUE_TOKEN_PREFIXES', []],
  ['kubernetes.instantRevocation', 'KSERVE_AUTHZ_KUBERNETES_INSTANT_REVOCATION', false],
  ['kubernetes.kserveNamespace', 'KSERVE_AUTHZ_KUBERNETES_KSERVE_NAMESPACE', 'opendatahub'],
  [
    'kubernetes.maxAddressStalenessSeconds',
    'KSERVE_AUTHZ_KUBERNETES_MAX_ADDRESS_STALENESS_SECONDS',
    600,
  ],
  ['kubernetes.maxStalenessSeconds', 'KSERVE_AUTHZ_KUBERNETES_MAX_STALENESS_SECONDS', 3600],
  [
    'apiKeys.selector.matchLabels',
    'KSERVE_AUTHZ_API_KEYS_SELECTOR_MATCH_LABELS',
    { 'authorino.kuadrant.io/managed-by': 'authorino' },
  ],
  ['apiKeys.dataNames', 'KSERVE_AUTHZ_API_KEYS_DATA_NAMES', ['api_key']],
  ['apiKeys.headers', 'KSERVE_AUTHZ_API_KEYS_HEADERS', ['authorization']],
  ['apiKeys.schemes', 'KSERVE_AUTHZ_API_KEYS_SCHEMES', ['Bearer', 'APIKEY']],
  [
    'jwt.providers',
    'KSERVE_AUTHZ_JWT_PROVIDERS',
    [
      {
        name: 'keycloak',
        issuer: 'https://keycloak.example.com/realms/models',
        audiences: ['kserve'],
        algorithms: ['RS256'],
        from: { headers: [{ name: 'x-token', prefix: 'JWT ' }], cookies: ['session'] },
        rbac: { username: { claim: 'email', prefix: 'keycloak:' } },
      },
    ],
  ],
  ['jwt.maxTokenBytes', 'KSERVE_AUTHZ_JWT_MAX_TOKEN_BYTES', 8_192],
  [
    'webSocketProtocols',
    'KSERVE_AUTHZ_WEB_SOCKET_PROTOCOLS',
    [{ prefix: 'openai-insecure-api-key.', base64url: false }],
  ],
  [
    'gateways.hosts',
    'KSERVE_AUTHZ_GATEWAYS_HOSTS',
    [
      {
        host: 'iris.example.org',
        path: '/serving',
        kind: 'InferenceGraph',
        namespace: 'team',
        name: 'iris',
      },
    ],
  ],
  ['gateways.llmHosts', 'KSERVE_AUTHZ_GATEWAYS_LLM_HOSTS', ['a.example.com', '*.b.example.com']],
  ['gateways.hostPort', 'KSERVE_AUTHZ_GATEWAYS_HOST_PORT', 'compared'],
  ['gateways.asking', 'KSERVE_AUTHZ_GATEWAYS_ASKING', ['gw/one', 'istio:gw/two']],
  [
    'gateways.proxies',
    'KSERVE_AUTHZ_GATEWAYS_PROXIES',
    [
      { addresses: ['10.0.0.7', '2001:db8::7'], gateways: ['gw/one'] },
      { namespace: 'istio-system', podLabels: { istio: 'ingress' }, gateways: ['istio:gw/two'] },
    ],
  ],
  ['gateways.controllerNamespaces', 'KSERVE_AUTHZ_GATEWAYS_CONTROLLER_NAMESPACES', ['eg']],
  ['mesh.trustDomain', 'KSERVE_AUTHZ_MESH_TRUST_DOMAIN', 'example.org'],
  ['mesh.intermediaries', 'KSERVE_AUTHZ_MESH_INTERMEDIARIES', ['gateways/*', 'a/b.c']],
  ['exclusions', 'KSERVE_AUTHZ_EXCLUSIONS', EXCLUSIONS],
  [
    'permissions',
    'KSERVE_AUTHZ_PERMISSIONS',
    { LLMInferenceService: [{}, { verb: 'post', name: 'publishers/{namespace}/models/{model}' }] },
  ],
  ['headers.user', 'KSERVE_AUTHZ_HEADERS_USER', 'kubeflow-userid'],
  ['headers.groups', 'KSERVE_AUTHZ_HEADERS_GROUPS', 'x-groups'],
  ['headers.groupsJson', 'KSERVE_AUTHZ_HEADERS_GROUPS_JSON', 'x-groups-json'],
  ['headers.credential', 'KSERVE_AUTHZ_HEADERS_CREDENTIAL', 'x-credential'],
  ['headers.claims', 'KSERVE_AUTHZ_HEADERS_CLAIMS', { 'x-email': 'email' }],
  [
    'headers.templates',
    'KSERVE_AUTHZ_HEADERS_TEMPLATES',
    { 'x-who': '{user} of {namespace|none}' },
  ],
  ['denial.realm', 'KSERVE_AUTHZ_DENIAL_REALM', 'models of ours'],
  ['forwardCredential', 'KSERVE_AUTHZ_FORWARD_CREDENTIAL', 'never'],
  ['corsPreflight', 'KSERVE_AUTHZ_CORS_PREFLIGHT', 'allow'],
  ['cors.origins', 'KSERVE_AUTHZ_CORS_ORIGINS', ['https://app.example.com', 'http://[::1]:3000']],
  ['cors.headers', 'KSERVE_AUTHZ_CORS_HEADERS', ['authorization', 'x-stainless-lang']],
  ['cors.maxAge', 'KSERVE_AUTHZ_CORS_MAX_AGE', 0],
  ['decisionLog.decisions', 'KSERVE_AUTHZ_DECISION_LOG_DECISIONS', 'off'],
  ['metrics.perService', 'KSERVE_AUTHZ_METRICS_PER_SERVICE', false],
]

describe('the configuration without a file', () => {
  it('has the defaults of the reference', () => {
    expect(read()).toEqual({
      grpc: {
        listeners: [
          { position: 'workload', address: '0.0.0.0:9001' },
          { position: 'gateway', address: '0.0.0.0:9003' },
        ],
        tls: null,
        maxRequestBytes: 1_048_576,
        maxConnections: 4_096,
        maxConnectionsPerAddress: 256,
      },
      http: { address: '0.0.0.0:9002', auth: 'none' },
      protectByDefault: false,
      ownersMay: { optOut: true, anonymous: false, shadow: true, exclusions: true },
      logLevel: 'info',
      kubernetes: {
        namespaces: [],
        audiences: ['https://kubernetes.default.svc'],
        issuer: null,
        jwksFile: null,
        tokenHeaders: [],
        opaqueTokenPrefixes: ['sha256~'],
        instantRevocation: true,
        kserveNamespace: 'kserve',
        maxAddressStalenessSeconds: 300,
        maxStalenessSeconds: 86_400,
      },
      apiKeys: {
        selector: { matchLabels: { 'kserve-authz.io/credential': 'api-key' } },
        dataNames: ['api_key_sha256', 'api_key'],
        headers: ['authorization', 'x-api-key', 'api-key'],
        schemes: ['Bearer'],
      },
      jwt: { providers: [], maxTokenBytes: 32_768 },
      webSocketProtocols: [],
      gateways: {
        hosts: [],
        llmHosts: [],
        hostPort: 'ignored',
        asking: null,
        proxies: [],
        controllerNamespaces: ['envoy-gateway-system'],
      },
      mesh: {
        trustDomain: 'cluster.local',
        intermediaries: [
          'istio-system/*',
          'knative-serving/activator',
          'kserve/kserve-ingress-gateway-istio',
        ],
      },
      exclusions: {},
      permissions: {},
      headers: {
        user: 'x-auth-request-user',
        groups: 'x-auth-request-groups',
        groupsJson: 'x-auth-request-groups-json',
        credential: 'x-auth-request-credential',
        claims: {},
        templates: {
          'x-gateway-inference-fairness-id': '{user}',
          'x-gateway-inference-objective': '',
        },
      },
      denial: { realm: 'kubernetes-user' },
      forwardCredential: 'auto',
      corsPreflight: 'deny',
      cors: {
        origins: [],
        headers: ['authorization', 'content-type', 'x-api-key', 'api-key'],
        maxAge: 600,
      },
      decisionLog: { decisions: 'all' },
      metrics: { perService: true },
    })
  })

  it('is deeply frozen', () => {
    const config = read({ text: JSON.stringify({ exclusions: EXCLUSIONS }) })
    const holders = [
      config,
      config.ownersMay,
      config.grpc.listeners,
      config.grpc.listeners[0],
      config.apiKeys.selector.matchLabels,
      config.exclusions.workload?.predictor?.[0]?.methods,
    ]
    expect(holders.map((holder) => Object.isFrozen(holder))).toEqual(holders.map(() => true))
  })

  it.each(['', '# nothing yet\n', '---\n', 'ownersMay:\ngrpc: {}\n', '{}'])(
    'is the same as with the file %j',
    (text) => {
      expect(read({ text })).toEqual(read())
    },
  )
})

describe('each key', () => {
  it('is in the reference', () => {
    expect(configReference().map(({ key, env }) => [key, env])).toEqual(
      SAMPLES.map(([key, variable]) => [key, variable]),
    )
  })

  it.each(SAMPLES)('%s can be set in the file', (key, _variable, value) => {
    const config = read({ text: JSON.stringify(nested(key, value)) })
    expect(at(config, key)).toEqual(value)
  })

  it.each(SAMPLES)('%s can be set by %s', (key, variable, value) => {
    const text = typeof value === 'string' ? value : JSON.stringify(value)
    expect(at(read({ env: { [variable]: text } }), key)).toEqual(value)
  })

  it.each(SAMPLES)('%s leaves the others as they are', (key, variable, value) => {
    const text = typeof value === 'string' ? value : JSON.stringify(value)
    const config = read({ env: { [variable]: text } })
    const others = configReference().filter((other) => other.key !== key)
    for (const other of others) {
      expect(JSON.stringify(at(config, other.key)), other.key).toBe(other.default)
    }
  })

  it.each(SAMPLES)('%s refuses a number', (key) => {
    expect(problemsOf({ text: JSON.stringify(nested(key, 7.5)) })).toEqual([
      expect.stringMatching(`^config.yaml: ${key}: expected .*, not 7.5$`),
    ])
  })
})

describe('a value', () => {
  it.each<[key: string, value: unknown, problem: string]>([
    ['ownersMay.optOut', 'no', 'ownersMay.optOut: expected true or false, not "no"'],
    ['ownersMay.optOut', null, 'ownersMay.optOut: expected true or false, not null'],
    [
      'ownersMay',
      3,
      'ownersMay: expected an object of optOut, anonymous, shadow, exclusions, not 3',
    ],
    ['logLevel', 'verbose', 'logLevel: expected debug, info, warn or error, not "verbose"'],
    ['http.address', '9002', 'http.address: expected host:port, not "9002"'],
    ['http.address', ':9002', 'http.address: expected host:port, not ":9002"'],
    ['http.address', 'a:65536', 'http.address: expected host:port, not "a:65536"'],
    ['http.address', '1.2.3:80', 'http.address: expected host:port, not "1.2.3:80"'],
    ['http.address', '::1:80', 'http.address: expected host:port, not "::1:80"'],
    ['http.address', '[zz]:80', 'http.address: expected host:port, not "[zz]:80"'],
    [
      'grpc.listeners',
      [],
      'grpc.listeners: expected a list of one or more, each an object of position, address and, at gateways, route and contextExtensions, not an empty list',
    ],
    [
      'grpc.listeners',
      [{ position: 'sidecar', address: 'a:1' }],
      'grpc.listeners[0].position: expected workload or gateway, not "sidecar"',
    ],
    [
      'grpc.listeners',
      [{ position: 'auto', address: 'a:1' }],
      'grpc.listeners[0].position: expected workload or gateway, not "auto"',
    ],
    [
      'gateways.hosts',
      [{ host: 'A.example.com', namespace: 'team', name: 'iris' }],
      'gateways.hosts[0].host: expected a host name in lower case, not "A.example.com"',
    ],
    [
      'gateways.llmHosts',
      ['a.*.example.com'],
      'gateways.llmHosts[0]: expected a host name in lower case, or `*.` and a domain, not "a.*.example.com"',
    ],
    [
      'grpc.listeners',
      [{ position: 'workload' }],
      'grpc.listeners[0].address: required: host:port',
    ],
    ['grpc.tls', { certFile: 'a' }, 'grpc.tls.keyFile: required: the path of a file'],
    [
      'grpc.maxRequestBytes',
      1_000,
      'grpc.maxRequestBytes: expected a whole number from 65536 to 16777216, not 1000',
    ],
    [
      'grpc.maxConnections',
      64.5,
      'grpc.maxConnections: expected a whole number from 64 to 65536, not 64.5',
    ],
    [
      'kubernetes.namespaces',
      ['A'],
      'kubernetes.namespaces[0]: expected the name of a namespace, not "A"',
    ],
    [
      'kubernetes.namespaces',
      'team',
      'kubernetes.namespaces: expected a list, each the name of a namespace, not "team"',
    ],
    [
      'kubernetes.opaqueTokenPrefixes',
      [''],
      'kubernetes.opaqueTokenPrefixes[0]: expected a prefix of tokens, not ""',
    ],
    [
      'apiKeys.selector.matchLabels',
      {},
      'apiKeys.selector.matchLabels: expected an object from a label key to a label value, not empty, not an empty object',
    ],
    [
      'apiKeys.selector.matchLabels',
      { tier: true },
      'apiKeys.selector.matchLabels.tier: expected a label value, not true',
    ],
    [
      'apiKeys.selector.matchLabels',
      { '-': 'x' },
      'apiKeys.selector.matchLabels.-: not a valid key: expected a label key',
    ],
    [
      'mesh.intermediaries',
      ['istio-system'],
      'mesh.intermediaries[0]: expected namespace/ServiceAccount or namespace/*, not "istio-system"',
    ],
    ['denial.realm', 'a"b', 'denial.realm: expected printable ASCII without " and \\, not "a\\"b"'],
    [
      'denial.realm',
      'a\\b',
      'denial.realm: expected printable ASCII without " and \\, not "a\\\\b"',
    ],
    [
      'grpc.listeners',
      [{ position: 'workload', address: '127.0.0.1:1', route: 'used' }],
      'grpc.listeners[0]: expected an object of position, address and, at gateways, route and contextExtensions, not an object',
    ],
    [
      'grpc.listeners',
      [{ position: 'workload', address: '127.0.0.1:1', contextExtensions: 'used' }],
      'grpc.listeners[0]: expected an object of position, address and, at gateways, route and contextExtensions, not an object',
    ],
    [
      'grpc.listeners',
      [{ position: 'gateway', address: '127.0.0.1:1', route: 'trusted' }],
      'grpc.listeners[0].route: expected required, used or ignored, not "trusted"',
    ],
    ['denial.realm', 'é', 'denial.realm: expected printable ASCII without " and \\, not "é"'],
  ])('of %s that is %j is a problem', (key, value, problem) => {
    expect(problemsOf({ text: JSON.stringify(nested(key, value)) })).toEqual([
      `config.yaml: ${problem}`,
    ])
  })

  it.each([
    'host',
    ':path',
    'x-envoy-internal',
    'content-length',
    'transfer-encoding',
    'connection',
    'authorization',
    'cookie',
    'grpc-timeout',
    'X-User',
    'x user',
    '',
  ])('of a header is not the name %j', (name) => {
    expect(problemsOf({ text: JSON.stringify({ headers: { user: name } }) })[0]).toMatch(
      'config.yaml: headers.user: expected a header name',
    )
    expect(
      problemsOf({ text: JSON.stringify({ headers: { claims: { [name]: 'x' } } }) })[0],
    ).toMatch(/^config.yaml: headers.claims.*: not a valid key: expected a header name/)
  })

  it.each([
    'healthz',
    '/a?b',
    '/a#b',
    '//a',
    '/a//b',
    '/a/../b',
    '/.',
    '/a%2fb',
    '/a;b',
    '/a,b',
    '/a\\b',
    '/a\u0000',
    '/é',
    '/a b',
    '',
  ])('of an exclusion is not the path %j', (path) => {
    const text = JSON.stringify({ exclusions: { gateway: { InferenceGraph: [{ path }] } } })
    expect(problemsOf({ text })[0]).toMatch(
      'config.yaml: exclusions.gateway.InferenceGraph[0].path: expected a canonical path',
    )
  })

  it('of an exclusion applies to GET and HEAD by default', () => {
    const text = 'exclusions: {workload: {graph: [{path: /a}, {path: /b, methods: [HEAD]}]}}'
    expect(read({ text }).exclusions.workload?.graph).toEqual([
      { path: '/a', methods: ['GET', 'HEAD'] },
      { path: '/b', methods: ['HEAD'] },
    ])
    expect(
      problemsOf({ text: 'exclusions: {workload: {llm: [{path: /a, methods: [POST]}]}}' }),
    ).toEqual([
      'config.yaml: exclusions.workload.llm[0].methods[0]: expected GET or HEAD, not "POST"',
    ])
  })

  it('that may be a secret is not repeated', () => {
    const secret = 'sk-0123456789abcdef'
    const problems = problemsOf({
      text: JSON.stringify({
        logLevel: secret,
        ownersMay: secret,
        kubernetes: { issuer: [secret] },
      }),
      env: { KSERVE_AUTHZ_CORS_PREFLIGHT: secret, KSERVE_AUTHZ_GRPC_TLS: secret },
      flags: { httpAddress: secret },
    })
    expect(problems).toHaveLength(6)
    expect(problems.join('\n')).not.toContain(secret)
  })
})

describe('configured permissions', () => {
  const of = (kind: string, ...list: readonly object[]) => ({
    text: JSON.stringify({ permissions: { [kind]: list } }),
  })

  it.each<[title: string, given: { readonly text: string }, problem: RegExp]>([
    ['the model of a kind without models', of('InferenceService', { name: '{model}' }), /\.name: /],
    ['an unknown field', of('LLMInferenceService', { name: '{host}' }), /\.name: /],
    ['a subresource', of('LLMInferenceService', { resource: 'models/delegate' }), /\.resource: /],
    ['every resource', of('InferenceGraph', { resource: '*' }), /\.resource: /],
    ['every verb', of('InferenceGraph', { verb: '*' }), /\.verb: /],
    ['another namespace', of('InferenceGraph', { namespace: 'kube-system' }), /unknown key/],
    ['none', of('InferenceGraph'), /permissions.InferenceGraph: expected a list of 1 to 4/],
    ['an unknown kind', of('TrainedModel', {}), /TrainedModel: unknown key/],
  ])('do not name %s', (_title, given, problem) => {
    expect(problemsOf(given)[0]).toMatch(problem)
  })
})

describe('configured exclusions', () => {
  it('replace the lists that they name', () => {
    const { workload } = exclusionsWith(
      read({ text: 'exclusions: {workload: {llm: []}}' }).exclusions,
    )
    expect([workload.llm, workload.predictor.length > 0]).toEqual([[], true])
  })
})

describe('two headers', () => {
  it.each([
    ['headers: {user: x-user, groups: x-user}', 'headers.groups', 'headers.user'],
    ['headers: {user: x-user, groups: x_user}', 'headers.groups', 'headers.user'],
    ['headers: {user: x-auth-request-groups}', 'headers.groups', 'headers.user'],
    ['headers: {user: x-a, claims: {x-a: email}}', 'headers.claims', 'headers.user'],
    ['headers: {user: x-api-key}', 'apiKeys.headers', 'headers.user'],
    ['apiKeys: {headers: [api-key, api_key]}', 'apiKeys.headers', 'apiKeys.headers'],
  ])('must differ: %s', (text, key, other) => {
    expect(problemsOf({ text })).toEqual([
      `config.yaml: ${key}: expected a header name other than that of ${other}`,
    ])
  })
})

describe('types of tokens', () => {
  const withTypes = (types: unknown) => {
    const given = { name: 'a', issuer: 'https://a.example.com', audiences: ['models'], types }
    return { text: JSON.stringify({ jwt: { providers: [given] } }) }
  }

  it.each([[[]], [['token+jwt', 'application/vnd.acme.access+jwt', 'JOSE']]])(
    'of a provider are media types: %j',
    (types) => {
      expect(read(withTypes(types)).jwt.providers[0]?.types).toEqual(types)
    },
  )

  it.each(['', 'at jwt', 'a/b/c', 'at+jwt;a=b', '*'])('are refused: %j', (type) => {
    expect(problemsOf(withTypes([type]))).toEqual([
      expect.stringMatching(/^config.yaml: jwt.providers\[0\].types\[0\]: expected a media type/),
    ])
  })
})

describe('prefixes of providers', () => {
  const provider = (name: string, user: string | undefined, group = `${name}:`) => ({
    name,
    issuer: `https://${name}.example.com`,
    audiences: ['models'],
    ...(user !== undefined && {
      rbac: {
        username: { claim: 'email', prefix: user },
        groups: { claim: 'groups', prefix: group },
      },
    }),
  })
  const problemsWith = (...providers: readonly object[]) =>
    problemsOf({ text: JSON.stringify({ jwt: { providers } }) })
  const problem = (index: number, subject: string, other: string) =>
    `config.yaml: jwt.providers[${index}].rbac.${subject}.prefix: expected a prefix that does not overlap with that of "${other}": both could issue the same name`

  it.each([
    ['the same', 'idp:', 'idp:'],
    ['a prefix of the other', 'idp', 'idp-two:'],
    ['longer than the other', 'idp-two:', 'idp'],
  ])('cannot be %s, separately for users and groups', (_title, one, other) => {
    expect(problemsWith(provider('a', one), provider('b', other))).toEqual([
      problem(1, 'username', 'a'),
    ])
    expect(problemsWith(provider('a', 'x:', one), provider('b', 'y:', other))).toEqual([
      problem(1, 'groups', 'a'),
    ])
  })

  it('are reported for each provider, also in the variable', () => {
    const three = [provider('a', 'x:'), provider('b', 'y:'), provider('c', 'x:')]
    expect(problemsWith(...three)).toEqual([problem(2, 'username', 'a')])
    const env = { KSERVE_AUTHZ_JWT_PROVIDERS: JSON.stringify(three) }
    expect(problemsOf({ env })).toEqual([
      problem(2, 'username', 'a').replace('config.yaml', 'KSERVE_AUTHZ_JWT_PROVIDERS'),
    ])
  })

  it('may be equal for users of one and groups of another, and within one provider', () => {
    expect(
      problemsWith(
        provider('a', 'a:', 'b:'),
        provider('b', 'b:', 'a:'),
        provider('c', undefined),
        provider('d', 'd:', 'd:'),
      ),
    ).toEqual([])
  })
})

describe('an unknown key', () => {
  it.each([
    ['loglevel: info', 'loglevel: unknown key; did you mean `logLevel`?'],
    ['ownersMay: {opt-out: true}', 'ownersMay.opt-out: unknown key; did you mean `optOut`?'],
    ['grpc: {tls: {cert: a, certFile: b, keyFile: c}}', 'grpc.tls.cert: unknown key'],
    [
      'grpc: {listeners: [{position: gateway, adress: "a:1", address: "a:1"}]}',
      'grpc.listeners[0].adress: unknown key; did you mean `address`?',
    ],
    [
      'exclusions: {workload: {predictors: []}}',
      'exclusions.workload.predictors: unknown key; did you mean `predictor`?',
    ],
    ['exclusions: {gateway: {Service: []}}', 'exclusions.gateway.Service: unknown key'],
    ['__proto__: {ownersMay: {}}', '__proto__: unknown key'],
    ['constructor: {}', 'constructor: unknown key'],
    ['aSettingThatDoesNotExist: {}', 'aSettingThatDoesNotExist: unknown key'],
    ['{marker-of-a-secret-0123456789}', '(a key of 29 characters): unknown key'],
    ['grpc: {marker-of-a-secret-0123456789: 1}', 'grpc.(a key of 29 characters): unknown key'],
    ['ownersMay: {__proto__: {optOut: true}}', 'ownersMay.__proto__: unknown key'],
    [
      'apiKeys: {selector: {matchLabels: {__proto__: x, a: b}}}',
      'apiKeys.selector.matchLabels.__proto__: unknown key',
    ],
    ['headers: {claims: {__proto__: x}}', 'headers.claims.__proto__: unknown key'],
    [`${'k'.repeat(70)}: 1`, '(a key of 70 characters): unknown key'],
  ])('is a problem: %s', (text, problem) => {
    expect(problemsOf({ text })).toEqual([`config.yaml: ${problem}`])
  })

  it('named toString is not an inherited property', () => {
    expect(problemsOf({ text: 'toString: 1\nhasOwnProperty: 2' })).toHaveLength(2)
    expect(read({ text: 'headers: {claims: {x-a: constructor}}' }).headers.claims).toEqual({
      'x-a': 'constructor',
    })
  })
})

describe('the environment', () => {
  it('sets a whole section, and keeps what the file and other variables set', () => {
    const { ownersMay } = read({
      text: 'ownersMay: {optOut: false}',
      env: {
        KSERVE_AUTHZ_OWNERS_MAY_SHADOW: 'true',
        KSERVE_AUTHZ_OWNERS_MAY: '{"anonymous": true, "shadow": false}',
      },
    })
    expect(ownersMay).toEqual({ optOut: false, anonymous: true, shadow: true, exclusions: true })
  })

  it('sets a nullable key back to null', () => {
    const config = read({
      text: 'kubernetes: {issuer: https://a}\ngrpc: {tls: {certFile: a, keyFile: b}}',
      env: { KSERVE_AUTHZ_KUBERNETES_ISSUER: 'null', KSERVE_AUTHZ_GRPC_TLS: 'null' },
    })
    expect([config.kubernetes.issuer, config.grpc.tls]).toEqual([null, null])
  })

  it.each([
    ['KSERVE_AUTHZ_OWNERS_MAY_OPTOUT', '; did you mean `KSERVE_AUTHZ_OWNERS_MAY_OPT_OUT`?'],
    ['KSERVE_AUTHZ_LOGLEVEL', '; did you mean `KSERVE_AUTHZ_LOG_LEVEL`?'],
    ['KSERVE_AUTHZ_DEBUG_ALLOW_ALL_OF_THEM', ''],
    ['KSERVE_AUTHZ_', '; did you mean `KSERVE_AUTHZ_JWT`?'],
  ])('must not contain the unknown variable %s', (name, question) => {
    expect(problemsOf({ env: { [name]: 'sekret' } })).toEqual([
      `${name}: unknown variable${question}`,
    ])
  })

  it('is reported without terminal control characters', () => {
    const env = {
      KSERVE_AUTHZ_OWNERS_MAY_OPT_OUT: '\u007f\u009b2J\u2028',
      'KSERVE_AUTHZ_\u001b[2J': 'a',
      [`KSERVE_AUTHZ_${'A'.repeat(100)}`]: 'a',
    }
    expect(problemsOf({ env }).toSorted()).toEqual([
      '(a key of 113 characters): unknown variable',
      '(a key of 17 characters): unknown variable; did you mean `KSERVE_AUTHZ_GRPC`?',
      'KSERVE_AUTHZ_OWNERS_MAY_OPT_OUT: ownersMay.optOut: expected true or false, not "\\u007f\\u009b2J\\u2028"',
    ])
  })

  it.each(['TRUE', 'yes', '1', ''])('accepts true and false, not %j', (text) => {
    expect(problemsOf({ env: { KSERVE_AUTHZ_OWNERS_MAY_OPT_OUT: text } })).toEqual([
      `KSERVE_AUTHZ_OWNERS_MAY_OPT_OUT: ownersMay.optOut: expected true or false, not "${text}"`,
    ])
  })

  it('gives lists as JSON', () => {
    expect(problemsOf({ env: { KSERVE_AUTHZ_KUBERNETES_NAMESPACES: 'team-a,team-b' } })).toEqual([
      'KSERVE_AUTHZ_KUBERNETES_NAMESPACES: kubernetes.namespaces: expected JSON: a list, each the name of a namespace',
    ])
  })

  it('may contain variables that Kubernetes injects for Services of that name', () => {
    const names = [
      'KSERVE_AUTHZ_SERVICE_HOST',
      'KSERVE_AUTHZ_SERVICE_PORT',
      'KSERVE_AUTHZ_SERVICE_PORT_GRPC_GATEWAY',
      'KSERVE_AUTHZ_PORT',
      'KSERVE_AUTHZ_PORT_9001_TCP',
      'KSERVE_AUTHZ_PORT_9001_TCP_ADDR',
      'KSERVE_AUTHZ_PORT_9001_TCP_PORT',
      'KSERVE_AUTHZ_PORT_9001_TCP_PROTO',
      'KSERVE_AUTHZ_METRICS_SERVICE_HOST',
      'KSERVE_AUTHZ_METRICS_PORT_9002_TCP',
    ]
    const env = Object.fromEntries(names.map((name) => [name, 'tcp://10.0.0.1:9001']))
    expect(read({ env })).toEqual(read())
  })

  it('of other programs is ignored', () => {
    expect(read({ env: { PATH: '/bin', KSERVE_X: 'y', KSERVE_AUTHZ: 'z' } })).toEqual(read())
  })
})

describe('precedence', () => {
  const text = 'logLevel: warn\nhttp: {address: "a:1"}'
  const env = { KSERVE_AUTHZ_LOG_LEVEL: 'error', KSERVE_AUTHZ_HTTP_ADDRESS: 'b:2' }

  it('the file overrides the defaults', () => {
    expect(read({ text })).toMatchObject({ logLevel: 'warn', http: { address: 'a:1' } })
  })
  it('the environment overrides the file', () => {
    expect(read({ text, env })).toMatchObject({ logLevel: 'error', http: { address: 'b:2' } })
  })
  it('flags override the environment', () => {
    const flags = { logLevel: 'debug', httpAddress: 'c:3' }
    expect(read({ text, env, flags })).toMatchObject({
      logLevel: 'debug',
      http: { address: 'c:3' },
    })
  })
})

describe('with a folder instead of a cluster', () => {
  const manifests = 'folder'

  it('only the local machine may send requests by default', () => {
    const { grpc, http } = read({ flags: { manifests } })
    expect(grpc.listeners).toEqual([
      { position: 'gateway', address: '127.0.0.1:9003' },
      { position: 'workload', address: '127.0.0.1:9001' },
    ])
    expect(http.address).toBe('127.0.0.1:9002')
  })

  it.each([
    { text: JSON.stringify({ grpc: { listeners: LISTENERS } }) },
    { env: { KSERVE_AUTHZ_GRPC_LISTENERS: JSON.stringify(LISTENERS) } },
  ])('configured listeners are used as written: %j', (sources) => {
    expect(read({ ...sources, flags: { manifests } }).grpc.listeners).toEqual(LISTENERS)
  })

  it('--grpc-address replaces the configured listeners', () => {
    const { grpc } = read({
      text: JSON.stringify({ grpc: { listeners: LISTENERS } }),
      flags: { manifests, grpcAddress: '127.0.0.1:7' },
    })
    expect(grpc.listeners).toEqual([
      { position: 'gateway', address: '127.0.0.1:7' },
      { position: 'workload', address: '127.0.0.1:9001' },
    ])
  })

  it('--grpc-workload-address is the address for sidecars', () => {
    const { grpc } = read({ flags: { manifests, grpcWorkloadAddress: '127.0.0.1:8' } })
    expect(grpc.listeners).toEqual([
      { position: 'gateway', address: '127.0.0.1:9003' },
      { position: 'workload', address: '127.0.0.1:8' },
    ])
  })

  it('--grpc-address is refused without it', () => {
    expect(problemsOf({ flags: { grpcAddress: '127.0.0.1:7' } })).toEqual([
      '--grpc-address: needs --manifests; with a cluster set grpc.listeners',
    ])
  })

  it('flags are validated like keys', () => {
    expect(
      problemsOf({ flags: { manifests, grpcAddress: '7', httpAddress: '8', logLevel: '9' } }),
    ).toEqual([
      '--grpc-address: grpc.listeners[0].address: expected host:port, not "7"',
      '--http-address: http.address: expected host:port, not "8"',
      '--log-level: logLevel: expected debug, info, warn or error, not "9"',
    ])
  })
})

describe('all problems', () => {
  it('are reported at once, each with its source', () => {
    const sources = {
      text: 'ownersMay: {optOut: 1, annonymous: true}\nheaders: {user: x-a, groups: x-a}',
      env: { KSERVE_AUTHZ_METRICS_PER_SERVICE: 'on', KSERVE_AUTHZ_METRIC: '1' },
      flags: { logLevel: 'loud' },
    }
    expect(problemsOf(sources)).toEqual([
      'KSERVE_AUTHZ_METRIC: unknown variable; did you mean `KSERVE_AUTHZ_METRICS`?',
      'config.yaml: ownersMay.optOut: expected true or false, not 1',
      'config.yaml: ownersMay.annonymous: unknown key; did you mean `anonymous`?',
      'KSERVE_AUTHZ_METRICS_PER_SERVICE: metrics.perService: expected true or false, not "on"',
      '--log-level: logLevel: expected debug, info, warn or error, not "loud"',
      'config.yaml: headers.groups: expected a header name other than that of headers.user',
    ])
    expect(() => read(sources)).toThrow(/^invalid configuration:\n {2}KSERVE_AUTHZ_METRIC: /)
  })
})

describe('YAML that cannot be parsed', () => {
  it.each([
    [
      'ownersMay: [sekret',
      'config.yaml:1:19: unexpected end of the stream within a flow collection',
    ],
    ['a: 1\na: sekret', 'config.yaml:2:1: duplicated mapping key'],
    ['logLevel: !sekret x', 'config.yaml:1:11: unknown scalar tag'],
    ['logLevel: !!int sekret', 'config.yaml:1:11: cannot resolve a node with'],
    ['a: &x sekret\nb: *x', 'config.yaml:2:5: aliases exceeded maxAliases (0)'],
    ['a: 1\n---\nb: sekret', 'config.yaml: expected one YAML document'],
    ['- sekret', 'config.yaml: expected keys and values'],
    ['sekret', 'config.yaml: expected keys and values'],
  ])('is reported by its place and reason, never its text: %j', (text, problem) => {
    const problems = problemsOf({ text })
    expect(problems).toEqual([expect.stringContaining(problem)])
    expect(problems.join()).not.toContain('sekret')
  })
})

describe('the reference', () => {
  it('shows the accepted values of each key', () => {
    const types = new Map(configReference().map(({ key, type }) => [key, type]))
    expect(types.get('ownersMay.optOut')).toBe('true or false')
    expect(types.get('kubernetes.issuer')).toBe('an issuer, or null')
    expect(types.get('forwardCredential')).toBe('auto, always or never')
    expect(types.get('headers.claims')).toMatch(/^an object from a header name .* to the name of/)
  })
  it('contains no variable that Kubernetes would inject', () => {
    for (const { env } of configReference()) {
      expect(problemsOf({ env: { [env]: '\u0000' } }), env).toHaveLength(1)
    }
  })
})

describe('no input', () => {
  const keys = configReference().map(({ key }) => key)
  const variables = configReference().map(({ env }) => env)
  const junk = fc.anything({ withNullPrototype: true, withSparseArray: true })
  const isReadOrRefused = (sources: Sources): void => {
    expect(() => problemsOf(sources)).not.toThrow()
  }

  it('gives anything other than a configuration or its problems', () => {
    fc.assert(
      fc.property(fc.constantFrom(...keys), fc.jsonValue(), fc.string(), (key, value, text) => {
        isReadOrRefused({ text: JSON.stringify(nested(key, value)) })
        isReadOrRefused({ text })
      }),
      { numRuns: casesOf(1_000) },
    )
  })

  it('of the environment and the flags gives anything else', () => {
    fc.assert(
      fc.property(
        fc.dictionary(fc.constantFrom(...variables, 'KSERVE_AUTHZ_X'), fc.string()),
        fc.dictionary(fc.constantFrom(...variables), fc.json()),
        fc.record({
          grpcAddress: fc.string(),
          grpcWorkloadAddress: fc.string(),
          httpAddress: fc.string(),
          logLevel: fc.string(),
        }),
        (texts, values, flags) => isReadOrRefused({ env: { ...texts, ...values }, flags }),
      ),
      { numRuns: casesOf(500) },
    )
  })

  it('of any shape gives anything else', () => {
    fc.assert(
      fc.property(junk, (value) => isReadOrRefused({ text: JSON.stringify(value) ?? '' })),
      { numRuns: casesOf(500) },
    )
  })

  it.each(['[', '{"a":'])('overflows the stack, however deep: %s', (open) => {
    isReadOrRefused({ env: { KSERVE_AUTHZ_EXCLUSIONS: open.repeat(50_000) } })
    isReadOrRefused({
      env: { KSERVE_AUTHZ_KUBERNETES_AUDIENCES: `${'['.repeat(50_000)}${']'.repeat(50_000)}` },
    })
    isReadOrRefused({ text: open.repeat(50_000) })
  })
})

describe('an origin of browsers', () => {
  it.each([
    'null',
    '',
    'app.example.com',
    'https://',
    'https://app.example.com/',
    'https://app.example.com/path',
    'https://*.example.com',
    'HTTPS://APP.EXAMPLE.COM',
    'https://app.example.com\r\nset-cookie: a=b',
    'https://user@app.example.com',
    'file:///etc',
    '**',
  ])('is refused unless it is exact: %j', (origin) => {
    const text = JSON.stringify({ cors: { origins: [origin] } })
    expect(() => read({ text })).toThrow('cors.origins[0]: expected an origin such as')
  })
})
