import type { FindingCode } from '../../src/doctor/finding.ts'
import {
  AT_ENVOY_GATEWAY,
  changed,
  extAuth,
  type Fields,
  IN_ISTIO,
  mesh,
  metadata,
  shippedIn,
  spec,
  without,
} from './sound.ts'

/** With another specification of the pods of a Deployment. */
const template = (pod: Fields) => (deployment: Fields) => {
  const { metadata } = Object(Object(deployment.spec).template)
  return spec({ template: { metadata, spec: pod } })(deployment)
}

export const imaged = (image: string) => template({ containers: [{ name: 'kserve-authz', image }] })

/** The installation with TLS, and the Secret that it mounts. */
export const withTls = (text?: string, key = 'tls.crt', field = 'data'): readonly Fields[] => [
  ...changed(
    AT_ENVOY_GATEWAY,
    'Deployment kserve-authz',
    template({
      containers: [
        {
          name: 'kserve-authz',
          image: 'kserve-authz',
          volumeMounts: [{ name: 'tls', mountPath: '/tls' }],
        },
      ],
      volumes: [{ name: 'tls', secret: { secretName: 'kserve-authz-tls' } }],
    }),
  ),
  ...(text === undefined
    ? []
    : [
        {
          apiVersion: 'v1',
          kind: 'Secret',
          type: 'Opaque',
          metadata: { name: 'kserve-authz-tls', namespace: 'kserve-authz' },
          [field]: { [key]: field === 'data' ? Buffer.from(text).toString('base64') : text },
        },
      ]),
]

export const EXCLUDE = 'traffic.sidecar.istio.io/excludeInboundPorts'
export const MODEL_POD = 'Pod iris-predictor-0'
export const OTHER_PROVIDER = {
  apiVersion: 'security.istio.io/v1',
  kind: 'AuthorizationPolicy',
  metadata: { name: 'mine', namespace: 'team' },
  spec: { action: 'CUSTOM', provider: { name: 'mine' }, rules: [{}] },
}
export const SIDECAR = {
  apiVersion: 'networking.istio.io/v1',
  kind: 'Sidecar',
  metadata: { name: 'default', namespace: 'team' },
  spec: { egress: [{ hosts: ['./*', 'istio-system/*'] }] },
}
export const ISTIOD = {
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
export const aFilter = (
  operation: string,
  name = 'envoy.filters.http.ext_authz',
  namespace = 'team',
) => ({
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
export const WITHOUT_PROVIDER = mesh(/name: kserve-authz-workload/g, 'name: other', 'istio-1-30')()
export const AT_ROUTE = {
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
export const fence = (fields: Fields, namespace = 'kserve-authz', name = 'mine') => ({
  apiVersion: 'networking.k8s.io/v1',
  kind: 'NetworkPolicy',
  metadata: { name, namespace },
  spec: { podSelector: {}, ...fields },
})
export const ports = (...numbers: readonly number[]) => numbers.map((port) => ({ port }))
export const namespaceNamed = (name: string) => ({
  namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': name } },
})
export const NETWORK_POLICY = shippedIn('deploy/network-policy')
export const annotated = (annotations: Fields) =>
  changed(IN_ISTIO, MODEL_POD, (pod) => ({
    ...pod,
    metadata: { ...Object(pod.metadata), annotations },
  }))
/** The containers of the model's pod, with a declared port. */
export const withPort = (model: Fields = {}, env: readonly Fields[] = []) => [
  { name: 'kserve-container', image: 'model:1', ports: [{ containerPort: 8080 }], ...model },
  { name: 'istio-proxy', image: 'proxy:1', env },
]
export const movedProbe = (scheme: string) => ({
  name: 'ISTIO_KUBE_APP_PROBERS',
  value: JSON.stringify({
    '/app-health/kserve-container/readyz': { httpGet: { path: '/', port: 8080, scheme } },
  }),
})
const atTarget = (target: Fields) => ({
  apiVersion: 'security.istio.io/v1',
  kind: 'AuthorizationPolicy',
  metadata: { name: 'mine', namespace: 'team' },
  spec: {
    action: 'CUSTOM',
    provider: { name: 'kserve-authz-workload' },
    rules: [{}],
    targetRefs: [target],
  },
})
export const API_SERVER = {
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
export const egress = (...rules: readonly Fields[]) =>
  fence({ policyTypes: ['Egress'], egress: rules })
export const toBlock = (cidr: string, ...numbers: readonly number[]) => ({
  to: [{ ipBlock: { cidr } }],
  ports: ports(...numbers),
})

/** What each finding is about. The API server's refusals are in the end-to-end test. */
export const PAIRS: Readonly<
  Record<Exclude<FindingCode, OfCluster>, readonly (readonly [string, readonly Fields[]])[]>
> = {
  'pod-without-sidecar': [
    [
      'a pod without a sidecar in a mesh',
      changed(IN_ISTIO, MODEL_POD, spec({ containers: withPort().slice(0, 1) })),
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
    ...[
      ['traffic.sidecar.istio.io/includeInboundPorts', '8443'],
      ['status.sidecar.istio.io/port', '8080'],
      ['sidecar.istio.io/interceptionMode', 'NONE'],
      ['traffic.sidecar.istio.io/excludeInterfaces', 'net1'],
      ['traffic.sidecar.istio.io/kubevirtInterfaces', 'net1'],
      ['istio.io/reroute-virtual-interfaces', 'net1'],
    ].map(([key = '', value = '']) => [`${key}: ${value}`, annotated({ [key]: value })] as const),
    ...[
      ['-d', '15090,15021,15020,8080'],
      ['-b', '8443'],
      ['-m', 'NONE'],
    ].map(
      ([flag = '', value = '']) =>
        [
          `the argument ${flag} ${value} of istio-init`,
          changed(
            IN_ISTIO,
            MODEL_POD,
            spec({
              initContainers: [{ name: 'istio-init', args: ['istio-iptables', flag, value] }],
            }),
          ),
        ] as const,
    ),
    [
      'a policy that leaves out the port of the model',
      changed(
        changed(IN_ISTIO, MODEL_POD, spec({ containers: withPort() })),
        'AuthorizationPolicy kserve-authz-predictor',
        spec({ rules: [{ to: [{ operation: { notPorts: ['8080'] } }] }] }),
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
  'port-with-tls': [
    [
      'a probe over HTTPS',
      changed(
        IN_ISTIO,
        MODEL_POD,
        spec({
          containers: withPort({
            readinessProbe: { httpGet: { port: 8080, path: '/health', scheme: 'HTTPS' } },
          }),
        }),
      ),
    ],
    [
      'such a probe that Istio has moved',
      changed(IN_ISTIO, MODEL_POD, spec({ containers: withPort({}, [movedProbe('HTTPS')]) })),
    ],
  ],
  'waypoint-asks': [
    [
      'a policy at a waypoint',
      [
        ...IN_ISTIO,
        atTarget({ group: 'gateway.networking.k8s.io', kind: 'Gateway', name: 'waypoint' }),
        {
          apiVersion: 'gateway.networking.k8s.io/v1',
          kind: 'Gateway',
          metadata: { name: 'waypoint', namespace: 'team' },
          spec: {
            gatewayClassName: 'istio-waypoint',
            listeners: [{ name: 'mesh', port: 15008, protocol: 'HBONE' }],
          },
        },
      ],
    ],
    [
      'a policy at a Service',
      [...IN_ISTIO, atTarget({ group: '', kind: 'Service', name: 'iris-predictor' })],
    ],
  ],
  'sidecar-changed': [
    ['another program', annotated({ 'sidecar.istio.io/proxyImage': 'mine' })],
    [
      'another control plane',
      annotated({ 'proxy.istio.io/config': '{discoveryAddress: "mine.team.svc:15012"}' }),
    ],
  ],
  'tls-differs': [
    ['no BackendTLSPolicy', without(AT_ENVOY_GATEWAY, 'BackendTLSPolicy kserve-authz')],
    [
      'one at another port',
      changed(
        AT_ENVOY_GATEWAY,
        'BackendTLSPolicy kserve-authz',
        spec({ targetRefs: [{ kind: 'Service', name: 'kserve-authz', sectionName: 'http' }] }),
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
      'a block of addresses, and a pod without one',
      [...IN_ISTIO, fence({ ingress: [{ from: [{ ipBlock: { cidr: '10.0.0.0/8' } }] }] })],
    ],
    [
      'labels of a namespace that is not known',
      [
        ...IN_ISTIO,
        fence({ ingress: [{ from: [{ namespaceSelector: { matchLabels: { mesh: 'yes' } } }] }] }),
      ],
    ],
    [
      'only the Service of the API server',
      [
        ...IN_ISTIO,
        API_SERVER,
        {
          apiVersion: 'v1',
          kind: 'Service',
          metadata: { name: 'kubernetes', namespace: 'default' },
          spec: { clusterIP: '10.96.0.1', ports: [{ port: 443, targetPort: 6443 }] },
        },
        egress(toBlock('10.96.0.1/32', 443)),
      ],
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
            {
              ancestorRef: { name: 'kserve-ingress-gateway' },
              controllerName: 'gateway.envoyproxy.io/gatewayclass-controller',
              conditions: [
                {
                  type: 'Accepted',
                  status: 'False',
                  reason: 'TargetNotFound',
                  message: 'there is no such Gateway',
                  lastTransitionTime: '2026-03-01T12:00:00Z',
                },
              ],
            },
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
