import { readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { examine } from '../../src/doctor/examine.ts'
import { FINDINGS, type FindingCode } from '../../src/doctor/finding.ts'
import { EXAMINED, objectsFrom } from '../../src/doctor/objects.ts'
import { COLLECTIONS } from '../../src/doctor/read-cluster.ts'
import {
  AT_ENVOY_GATEWAY,
  changed,
  extAuth,
  type Fields,
  IN_ISTIO,
  mesh,
  metadata,
  OPTIONS,
  shippedIn,
  spec,
  without,
} from './sound.ts'

const found = (objects: readonly Fields[]) => examine(objectsFrom(objects), OPTIONS).findings

const codesIn = (objects: readonly Fields[]) => found(objects).map(({ code }) => code)

const imaged = (image: string) =>
  spec({ template: { spec: { containers: [{ name: 'kserve-authz', image }] } } })

/** The installation with TLS, and the Secret that it mounts. */
const withTls = (text?: string, key = 'tls.crt', field = 'data'): readonly Fields[] => [
  ...changed(
    AT_ENVOY_GATEWAY,
    'Deployment kserve-authz',
    spec({
      template: {
        spec: {
          containers: [
            { name: 'kserve-authz', volumeMounts: [{ name: 'tls', mountPath: '/tls' }] },
          ],
          volumes: [{ name: 'tls', secret: { secretName: 'kserve-authz-tls' } }],
        },
      },
    }),
  ),
  ...(text === undefined
    ? []
    : [
        {
          apiVersion: 'v1',
          kind: 'Secret',
          type: 'kubernetes.io/tls',
          metadata: { name: 'kserve-authz-tls', namespace: 'kserve-authz' },
          [field]: { [key]: field === 'data' ? Buffer.from(text).toString('base64') : text },
        },
      ]),
]

const MODEL_POD = 'Pod iris-predictor-0'
const OTHER_PROVIDER = {
  apiVersion: 'security.istio.io/v1',
  kind: 'AuthorizationPolicy',
  metadata: { name: 'mine', namespace: 'team' },
  spec: { action: 'CUSTOM', provider: { name: 'mine' }, rules: [{}] },
}
const SIDECAR = {
  apiVersion: 'networking.istio.io/v1',
  kind: 'Sidecar',
  metadata: { name: 'default', namespace: 'team' },
  spec: { egress: [{ hosts: ['./*', 'istio-system/*'] }] },
}
const ISTIOD = {
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'istiod', namespace: 'istio-system', labels: { app: 'istiod' } },
  spec: {
    template: {
      spec: {
        containers: [
          {
            name: 'discovery',
            env: [{ name: 'PILOT_ENABLE_MULTIPLE_CUSTOM_AUTHZ_PROVIDERS', value: 'true' }],
          },
        ],
      },
    },
  },
}
const aFilter = (operation: string, name = 'envoy.filters.http.ext_authz', namespace = 'team') => ({
  apiVersion: 'networking.istio.io/v1alpha3',
  kind: 'EnvoyFilter',
  metadata: { name: 'mine', namespace },
  spec: {
    workloadSelector: { labels: { component: 'predictor' } },
    configPatches: [
      {
        applyTo: 'HTTP_FILTER',
        match: { listener: { filterChain: { filter: { subFilter: { name } } } } },
        patch: { operation },
      },
    ],
  },
})
/** With the pod in a revision of Istio. */
const REVISED = changed(IN_ISTIO, MODEL_POD, (pod) => ({
  ...pod,
  metadata: { ...Object(pod.metadata), annotations: { 'istio.io/rev': '1-30' } },
}))
const WITHOUT_PROVIDER = mesh(/name: kserve-authz-workload/g, 'name: other', 'istio-1-30')()
const AT_ROUTE = {
  apiVersion: 'gateway.envoyproxy.io/v1alpha1',
  kind: 'SecurityPolicy',
  metadata: { name: 'mine', namespace: 'team' },
  spec: {
    targetRefs: [{ group: 'gateway.networking.k8s.io', kind: 'HTTPRoute', name: 'iris' }],
    cors: { allowOrigins: ['https://app.example.com'] },
  },
}

/** What only a cluster tells: their tests are beside this one. */
type OfCluster =
  | 'not-read'
  | 'permission-missing'
  | 'optional-permission-missing'
  | 'own-clock-differs'
  | 'clock-differs'

/** A NetworkPolicy of the pods of the service, or of another namespace. */
const fence = (fields: Fields, namespace = 'kserve-authz', name = 'mine') => ({
  apiVersion: 'networking.k8s.io/v1',
  kind: 'NetworkPolicy',
  metadata: { name, namespace },
  spec: { podSelector: {}, ...fields },
})
const ports = (...numbers: readonly number[]) => numbers.map((port) => ({ port }))
const namespaceNamed = (name: string) => ({
  namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': name } },
})
const NETWORK_POLICY = shippedIn('deploy/network-policy')
const API_SERVER = {
  apiVersion: 'discovery.k8s.io/v1',
  kind: 'EndpointSlice',
  metadata: {
    name: 'kubernetes',
    namespace: 'default',
    labels: { 'kubernetes.io/service-name': 'kubernetes' },
  },
  addressType: 'IPv4',
  endpoints: [{ addresses: ['192.0.2.7'] }],
  ports: [{ name: 'https', port: 6443, protocol: 'TCP' }],
}
const egress = (...rules: readonly Fields[]) => fence({ policyTypes: ['Egress'], egress: rules })
const toBlock = (cidr: string, ...numbers: readonly number[]) => ({
  to: [{ ipBlock: { cidr } }],
  ports: ports(...numbers),
})

/** What each finding is about. The API server's refusals are in the end-to-end test. */
const PAIRS: Readonly<
  Record<Exclude<FindingCode, OfCluster>, readonly (readonly [string, readonly Fields[]])[]>
> = {
  'pod-without-sidecar': [
    [
      'a pod without a sidecar in a mesh',
      changed(IN_ISTIO, MODEL_POD, spec({ containers: [{ name: 'kserve-container' }] })),
    ],
    ['no NetworkPolicy', without(AT_ENVOY_GATEWAY, 'NetworkPolicy models')],
    [
      'a NetworkPolicy for other pods',
      changed(
        AT_ENVOY_GATEWAY,
        'NetworkPolicy models',
        spec({ podSelector: { matchLabels: { app: 'other' } } }),
      ),
    ],
    [
      'a NetworkPolicy of outgoing connections',
      changed(AT_ENVOY_GATEWAY, 'NetworkPolicy models', spec({ policyTypes: ['Egress'] })),
    ],
  ],
  'pod-not-selected': [
    ['no policy for predictors', without(IN_ISTIO, 'AuthorizationPolicy kserve-authz-predictor')],
    [
      'a policy without rules',
      changed(IN_ISTIO, 'AuthorizationPolicy kserve-authz-predictor', spec({ rules: [] })),
    ],
    [
      'a policy in another namespace',
      changed(
        IN_ISTIO,
        'AuthorizationPolicy kserve-authz-predictor',
        metadata({ namespace: 'other' }),
      ),
    ],
  ],
  'ports-excluded': [
    [
      'an excluded port',
      changed(
        IN_ISTIO,
        MODEL_POD,
        metadata({
          namespace: 'team',
          annotations: { 'traffic.sidecar.istio.io/excludeInboundPorts': '8080' },
        }),
      ),
    ],
    [
      'a list of included ports',
      changed(
        IN_ISTIO,
        MODEL_POD,
        metadata({ annotations: { 'traffic.sidecar.istio.io/includeInboundPorts': '' } }),
      ),
    ],
  ],
  'gateway-not-guarded': [
    ['no SecurityPolicy', without(AT_ENVOY_GATEWAY, 'SecurityPolicy kserve-authz')],
    [
      'a SecurityPolicy of another Gateway',
      changed(
        AT_ENVOY_GATEWAY,
        'SecurityPolicy kserve-authz',
        spec({ targetRefs: [{ kind: 'Gateway', name: 'other' }] }),
      ),
    ],
  ],
  'check-replaced': [
    ['a policy of a tenant at the route', [...AT_ENVOY_GATEWAY, AT_ROUTE]],
    [
      'one that selects routes by labels',
      [
        ...AT_ENVOY_GATEWAY,
        spec({ targetRefs: undefined, targetSelectors: [{ kind: 'HTTPRoute', matchLabels: {} }] })(
          AT_ROUTE,
        ),
      ],
    ],
  ],
  'fails-open': [
    [
      'a provider that fails open',
      changed(IN_ISTIO, 'ConfigMap istio', mesh(/failOpen: false/g, 'failOpen: true')),
    ],
    [
      'a SecurityPolicy that fails open',
      changed(AT_ENVOY_GATEWAY, 'SecurityPolicy kserve-authz', extAuth({ failOpen: true })),
    ],
  ],
  'provider-missing': [
    [
      'another name of the provider',
      changed(IN_ISTIO, 'ConfigMap istio', mesh(/name: kserve-authz-workload/g, 'name: other')),
    ],
    ["the mesh configuration of the pod's revision", [...REVISED, WITHOUT_PROVIDER]],
  ],
  'filter-changes-check': [
    ['one of the owner', [...IN_ISTIO, aFilter('REMOVE')]],
    [
      'one that changes the check of a route',
      [
        ...IN_ISTIO,
        spec({
          configPatches: [
            {
              applyTo: 'HTTP_ROUTE',
              patch: {
                operation: 'MERGE',
                value: { typed_per_filter_config: { 'envoy.filters.http.ext_authz': {} } },
              },
            },
          ],
        })(aFilter('MERGE')),
      ],
    ],
    [
      'one of the root namespace',
      [...IN_ISTIO, aFilter('REPLACE', 'envoy.filters.http.ext_authz', 'istio-system')],
    ],
  ],
  'provider-unreachable': [
    [
      'a port that is not served',
      changed(IN_ISTIO, 'ConfigMap istio', mesh(/port: 9001/g, 'port: 9009')),
    ],
    [
      'the address of another Service',
      changed(
        IN_ISTIO,
        'ConfigMap istio',
        mesh(/kserve-authz\.kserve-authz\.svc/g, 'other.other.svc'),
      ),
    ],
  ],
  'port-closed': [
    [
      'a NetworkPolicy of the service that admits another namespace',
      [...IN_ISTIO, fence({ ingress: [{ from: [namespaceNamed('other')], ports: ports(9001) }] })],
    ],
    [
      'one that admits another port',
      [...IN_ISTIO, fence({ ingress: [{ from: [namespaceNamed('team')], ports: ports(9003) }] })],
    ],
    ['one that admits nobody', [...IN_ISTIO, fence({ policyTypes: ['Ingress'] })]],
    [
      'one that does not admit the gateway',
      [...AT_ENVOY_GATEWAY, fence({ ingress: [{ from: [namespaceNamed('team')] }] })],
    ],
    [
      'one of outgoing connections of the model',
      [
        ...IN_ISTIO,
        fence({ policyTypes: ['Egress'], egress: [{ to: [namespaceNamed('db')] }] }, 'team'),
      ],
    ],
    [
      'one of outgoing connections of the gateway',
      [...AT_ENVOY_GATEWAY, fence({ policyTypes: ['Egress'] }, 'envoy-gateway-system')],
    ],
  ],
  'egress-closed': [
    ['no outgoing connections', [...IN_ISTIO, API_SERVER, egress()]],
    ['others than to the API server', [...IN_ISTIO, API_SERVER, egress(toBlock('192.0.3.0/24'))]],
    ['another port', [...IN_ISTIO, API_SERVER, egress(toBlock('192.0.2.0/24', 443))]],
    ['only pods', [...IN_ISTIO, API_SERVER, egress({ to: [{ namespaceSelector: {} }] })]],
  ],
  'network-unknown': [
    [
      'labels of a namespace that is not known',
      [
        ...IN_ISTIO,
        fence({ ingress: [{ from: [{ namespaceSelector: { matchLabels: { mesh: 'yes' } } }] }] }),
      ],
    ],
    [
      'a block of addresses, and a pod without one',
      [...IN_ISTIO, fence({ ingress: [{ from: [{ ipBlock: { cidr: '10.0.0.0/8' } }] }] })],
    ],
    ['an API server that is not known', [...IN_ISTIO, egress(toBlock('192.0.2.0/24', 443))]],
  ],
  'second-provider': [['a CUSTOM policy of the owner', [...IN_ISTIO, OTHER_PROVIDER]]],
  'service-hidden': [['a Sidecar of the namespace', [...IN_ISTIO, SIDECAR]]],
  'policy-not-accepted': [
    [
      'the status of Envoy Gateway',
      changed(AT_ENVOY_GATEWAY, 'SecurityPolicy kserve-authz', (object) => ({
        ...object,
        status: {
          ancestors: [
            { conditions: [{ type: 'Accepted', status: 'False', reason: 'TargetNotFound' }] },
          ],
        },
      })),
    ],
  ],
  'service-unavailable': [
    [
      'a Deployment that is not available',
      changed(IN_ISTIO, 'Deployment kserve-authz', (object) => ({ ...object, status: {} })),
    ],
  ],
  'policy-deletable': [
    [
      'a policy in the namespace of the model',
      changed(
        IN_ISTIO,
        'AuthorizationPolicy kserve-authz-predictor',
        metadata({ namespace: 'team' }),
      ),
    ],
  ],
  'slow-timeout': [
    ['no timeout', changed(IN_ISTIO, 'ConfigMap istio', mesh(/timeout: 0\.5s/g, 'x: y'))],
    [
      'a long timeout',
      changed(AT_ENVOY_GATEWAY, 'SecurityPolicy kserve-authz', extAuth({ timeout: '10s' })),
    ],
  ],
  'refused-with-403': [
    ['no status on error', changed(IN_ISTIO, 'ConfigMap istio', mesh(/statusOnError: "503"/g, ''))],
    [
      'no status on error in a SecurityPolicy',
      changed(
        AT_ENVOY_GATEWAY,
        'SecurityPolicy kserve-authz',
        extAuth({ statusOnError: undefined }),
      ),
    ],
  ],
  'route-not-named': [
    [
      'no route metadata',
      changed(
        AT_ENVOY_GATEWAY,
        'SecurityPolicy kserve-authz',
        extAuth({ includeRouteMetadata: false }),
      ),
    ],
  ],
  'other-version': [
    [
      'an image of another version',
      changed(IN_ISTIO, 'Deployment kserve-authz', imaged('registry.example.com/authz:v0.1.0')),
    ],
    [
      'one with a digest',
      changed(IN_ISTIO, 'Deployment kserve-authz', imaged(`authz:0.1.0@sha256:${'0'.repeat(64)}`)),
    ],
  ],
  'certificate-not-valid': [
    ['an expired certificate', withTls('2025-12-01 2026-02-28')],
    ['a certificate that expires now', withTls('2025-12-01 2026-03-01')],
    ['a certificate that is not valid yet', withTls('2026-03-02 2026-06-01')],
    ['an expired certificate as text', withTls('2025-12-01 2026-02-28', 'tls.crt', 'stringData')],
  ],
  'certificate-expires': [
    ['a certificate with less than seven days', withTls('2025-12-01 2026-03-07')],
    ['a certificate of two days with six hours', withTls('2026-02-27T06:00Z 2026-03-01T06:00Z')],
  ],
  'certificate-unreadable': [
    ['a Secret with other text', withTls('none')],
    ['a Secret without the key', withTls('2025-12-01 2026-06-01', 'other.crt')],
  ],
  'one-replica': [
    ['one replica', changed(IN_ISTIO, 'Deployment kserve-authz', spec({ replicas: 1 }))],
  ],
}

describe('docs/doctor.md', () => {
  const page = readFileSync(path.join(import.meta.dirname, '../../docs/doctor.md'), 'utf8')

  it('lists every finding', () => {
    const rows = [...page.matchAll(/^\| `([a-z0-9-]+)` \| (\w+) \| (.+) \|$/gm)].map(
      ([, code, severity, effect]) => [code, { severity, effect }],
    )
    expect(Object.fromEntries(rows)).toEqual(FINDINGS)
  })

  it('lists every kind', () => {
    const list = /## What it reads\n\n(.+?)\n\n/s.exec(page)?.[1] ?? ''
    const kinds = [...list.matchAll(/`(\w+)`/g)].map(([, kind]) => kind)
    expect(kinds).toEqual(Object.keys(EXAMINED))
  })
})

it('every kind that is examined is listed in a cluster but Secrets and Leases, and no other', () => {
  const listed = new Set(COLLECTIONS.map(({ kind }) => kind))
  expect([...listed, 'Secret', 'Lease'].toSorted()).toEqual(Object.keys(EXAMINED).toSorted())
})

describe('the doctor', () => {
  it.each([
    ['Istio', IN_ISTIO],
    ['Envoy Gateway', AT_ENVOY_GATEWAY],
  ])('finds nothing in a sound installation: %s', (_title, objects) => {
    expect(found(objects)).toEqual([])
    const { services, pods } = examine(objectsFrom(objects), OPTIONS)
    expect([services, pods]).toEqual([1, 1])
  })

  const rows = Object.entries(PAIRS).flatMap(([code, pairs]) =>
    pairs.map(([title, objects]) => [code, title, objects] as const),
  )
  it.each(rows)('finds %s: %s', (code, _title, objects) => {
    expect(new Set(codesIn(objects))).toEqual(new Set([code]))
  })

  it.each([
    ['eight days are left', '2025-12-01 2026-03-09'],
    ['a third of two days is left', '2026-02-27T16:00Z 2026-03-01T16:00Z'],
  ])('takes a certificate of which %s', (_title, text) => {
    expect(codesIn(withTls(text))).toEqual([])
  })

  it('takes any certificate without TLS, or of a Secret that the service does not mount', () => {
    const expired = withTls('2025-12-01 2026-02-28')
    expect(examine(objectsFrom(expired), { ...OPTIONS, certFile: undefined }).findings).toEqual([])
    const elsewhere = { ...OPTIONS, certFile: '/other/tls.crt' }
    expect(examine(objectsFrom(expired), elsewhere).findings).toEqual([])
  })

  it('says that the certificate is not there', () => {
    expect(found(withTls())).toMatchObject([
      { code: 'not-read', object: 'Secret kserve-authz/kserve-authz-tls' },
    ])
  })

  it('says when a certificate expired, and how to renew it', () => {
    expect(found(withTls('2025-12-01 2026-02-28'))).toMatchObject([
      {
        object: 'Secret kserve-authz/kserve-authz-tls',
        message: 'the certificate tls.crt expired at 2026-02-28T00:00:00.000Z',
        remedy: 'cmctl renew -n kserve-authz CERTIFICATE, or replace tls.crt of the Secret.',
      },
    ])
  })

  it('finds nothing at an open model', () => {
    const open = changed(IN_ISTIO, 'InferenceService iris', metadata({ annotations: {} }))
    expect(codesIn(without(open, 'AuthorizationPolicy kserve-authz-predictor'))).toEqual([])
  })

  it('finds nothing if a SecurityPolicy of kserve-authz is at the route instead of the Gateway', () => {
    const targetRefs = [{ group: 'gateway.networking.k8s.io', kind: 'HTTPRoute', name: 'iris' }]
    const policy = 'SecurityPolicy kserve-authz'
    const moved = changed(AT_ENVOY_GATEWAY, policy, metadata({ namespace: 'team' }))
    expect(codesIn(changed(moved, policy, spec({ targetRefs })))).toEqual([])
  })

  it('finds an unguarded model that only an AccessPolicy protects', () => {
    const open = changed(IN_ISTIO, 'InferenceService iris', metadata({ annotations: {} }))
    const policy = {
      apiVersion: 'kserve-authz.io/v1alpha1',
      kind: 'AccessPolicy',
      metadata: { name: 'mine', namespace: 'team' },
      spec: { rules: [{ from: [{ groups: ['staff'] }] }] },
    }
    expect(
      codesIn([...without(open, 'AuthorizationPolicy kserve-authz-predictor'), policy]),
    ).toEqual(['pod-not-selected'])
  })

  it('takes a revision without the provider that no pod uses', () => {
    expect(codesIn([...IN_ISTIO, WITHOUT_PROVIDER])).toEqual([])
  })

  it.each(['authz:latest', 'authz', 'registry.example.com:5000/authz'])(
    'takes the image %s, which names no version',
    (image) => {
      expect(codesIn(changed(IN_ISTIO, 'Deployment kserve-authz', imaged(image)))).toEqual([])
    },
  )

  it.each([
    ['deploy/network-policy', NETWORK_POLICY],
    [
      'a namespace by a label',
      [
        {
          apiVersion: 'v1',
          kind: 'Namespace',
          metadata: { name: 'team', labels: { mesh: 'yes' } },
        },
        fence({ ingress: [{ from: [{ namespaceSelector: { matchLabels: { mesh: 'yes' } } }] }] }),
      ],
    ],
    [
      'one policy of two, and a named port',
      [
        fence({ policyTypes: ['Ingress'] }),
        fence({ ingress: [{ ports: [{ port: 'grpc-workload' }] }] }, 'kserve-authz', 'other'),
      ],
    ],
    [
      'a range of ports',
      [fence({ ingress: [{ ports: [{ protocol: 'TCP', port: 9000, endPort: 9009 }] }] })],
    ],
    [
      'outgoing connections to the service',
      [
        fence(
          {
            policyTypes: ['Egress'],
            egress: [
              {
                to: [
                  {
                    ...namespaceNamed('kserve-authz'),
                    podSelector: { matchLabels: { 'app.kubernetes.io/name': 'kserve-authz' } },
                  },
                ],
                ports: ports(9001),
              },
            ],
          },
          'team',
        ),
      ],
    ],
    ['those to the API server', [API_SERVER, egress(toBlock('192.0.2.0/24', 6443))]],
    ['those to every address', [egress(toBlock('0.0.0.0/0', 443))]],
    ['a policy of other pods', [fence({ podSelector: { matchLabels: { app: 'other' } } })]],
  ])('takes NetworkPolicies that admit %s', (_title, further) => {
    expect(codesIn([...IN_ISTIO, ...further])).toEqual([])
  })

  it('says which connection a NetworkPolicy does not admit, and how to admit it', () => {
    const closed = fence({ policyTypes: ['Ingress'] })
    expect(found([...IN_ISTIO, closed])).toMatchObject([
      {
        object: 'NetworkPolicy kserve-authz/mine',
        message:
          'it keeps Pod team/iris-predictor-0 from port 9001 of the pods of kserve-authz in namespace kserve-authz',
        remedy: 'kubectl apply -f deploy/network-policy/network-policy.yaml',
      },
    ])
    expect(codesIn([...IN_ISTIO, closed, ...NETWORK_POLICY])).toEqual([])
  })

  it('finds that an identity provider, or DNS, cannot be reached', () => {
    const outside = [{ name: 'the identity provider corp at id.example.com', port: 8443 }]
    const within = (...rules: readonly Fields[]) =>
      examine(objectsFrom([...IN_ISTIO, API_SERVER, egress(...rules)]), {
        ...OPTIONS,
        outside,
      }).findings.map(({ code, message }) => `${code}: ${message}`)
    const api = toBlock('192.0.2.7/32', 6443)
    const dns = { ports: [{ port: 53, protocol: 'UDP' }] }
    expect(within(api, dns)).toEqual([
      'egress-closed: it keeps the service from the identity provider corp at id.example.com, port 8443',
    ])
    expect(within(api, { ports: ports(8443) })).toEqual([
      'egress-closed: it keeps the service from DNS, port 53',
    ])
    expect(within(api, dns, toBlock('198.51.100.0/24', 8443))).toEqual([
      expect.stringMatching(/^network-unknown: it may keep the service from the identity provider/),
    ])
    expect(within(api, dns, { ports: ports(8443) })).toEqual([])
  })

  it('takes a second provider if every istiod does', () => {
    expect(codesIn([...IN_ISTIO, OTHER_PROVIDER, ISTIOD])).toEqual([])
    const other = { ...ISTIOD, metadata: { ...ISTIOD.metadata, name: 'istiod-1-30' }, spec: {} }
    expect(codesIn([...IN_ISTIO, OTHER_PROVIDER, ISTIOD, other])).toEqual(['second-provider'])
  })

  it.each([
    ['adds a filter', aFilter('INSERT_BEFORE')],
    [
      'changes a cluster',
      spec({ configPatches: [{ applyTo: 'CLUSTER', patch: { operation: 'MERGE' } }] })(
        aFilter('MERGE'),
      ),
    ],
    ['removes another filter', aFilter('REMOVE', 'envoy.filters.http.cors')],
    ['is in another namespace', aFilter('REMOVE', 'envoy.filters.http.ext_authz', 'other')],
    [
      'is for other pods',
      spec({ workloadSelector: { labels: { component: 'other' } } })(aFilter('REMOVE')),
    ],
  ])('takes an EnvoyFilter that %s', (_title, filter) => {
    expect(codesIn([...IN_ISTIO, filter])).toEqual([])
  })

  it('takes a Sidecar that lists the service', () => {
    const listing = spec({ egress: [{ hosts: ['./*', 'kserve-authz/*'] }] })(SIDECAR)
    expect(codesIn([...IN_ISTIO, listing])).toEqual([])
  })

  it('takes a policy of a tenant with a merge type', () => {
    expect(codesIn([...AT_ENVOY_GATEWAY, spec({ mergeType: 'StrategicMerge' })(AT_ROUTE)])).toEqual(
      [],
    )
  })

  it('names the first pod of a service, and counts the others', () => {
    const bare = changed(IN_ISTIO, MODEL_POD, spec({ containers: [{ name: 'kserve-container' }] }))
    const pods = [1, 2, 3].map((number) =>
      bare
        .filter(({ kind }) => kind === 'Pod')
        .map((pod) => ({ ...pod, metadata: { ...Object(pod.metadata), name: `iris-${number}` } })),
    )
    const [finding, ...others] = found([...bare, ...pods.flat()])
    expect(others).toEqual([])
    expect(finding).toMatchObject({
      object: 'InferenceService team/iris',
      message:
        'Pod team/iris-predictor-0 has no sidecar, and no NetworkPolicy restricts its callers (and 3 more)',
    })
  })

  it('puts critical findings first', () => {
    const slow = changed(IN_ISTIO, 'Deployment kserve-authz', spec({ replicas: 1 }))
    const codes = codesIn(without(slow, 'AuthorizationPolicy kserve-authz-predictor'))
    expect(codes.map((code) => FINDINGS[code].severity)).toEqual(['critical', 'warning'])
  })
})
