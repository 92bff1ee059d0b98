import type { Written } from '../../testing/cluster/client.ts'
import { SERVICE_HOST as HOST } from '../../testing/mesh/redirection.ts'

const NETWORKING = 'networking.istio.io/v1'

type Row = readonly [title: string, object: Written]

const of =
  (kind: string, apiVersion = NETWORKING) =>
  (spec: object, namespace = 'team'): Written => ({
    apiVersion,
    kind,
    metadata: { namespace, name: 'tried' },
    spec,
  })

const serviceEntry = of('ServiceEntry')
const destinationRule = of('DestinationRule')
const virtualService = of('VirtualService')
const sidecar = of('Sidecar')
const proxyConfig = of('ProxyConfig', 'networking.istio.io/v1beta1')
const envoyFilter = of('EnvoyFilter', 'networking.istio.io/v1alpha3')
const extension = (kind: string) => of(kind, 'extensions.istio.io/v1alpha1')

const PORTS = [{ number: 9001, name: 'grpc', protocol: 'GRPC' }]
const ENDPOINTS = [{ address: '10.0.0.9' }]

const entryOf = (hosts: readonly string[], more: object = {}) =>
  serviceEntry({ hosts, ports: PORTS, resolution: 'STATIC', endpoints: ENDPOINTS, ...more })

const importing = (...hosts: readonly string[]) => sidecar({ egress: [{ hosts }] })

const to = (host: string) => ({ destination: { host } })

/** A route of the mesh, not of a gateway. */
const inMesh = (spec: object) => virtualService({ hosts: ['reviews'], ...spec })

const atGateway = (spec: object) =>
  virtualService({ hosts: ['open.example.com'], gateways: ['knative-serving/g'], ...spec })

const leading = (host: string) => atGateway({ http: [{ route: [to(host)] }] })

const NAMES = [
  HOST,
  HOST.toUpperCase(),
  `${HOST}.`,
  'kserve-authz.kserve-authz.svc.clusterset.local',
  'kserve-authz.kserve-authz.svc.example.org',
  'kserve-authz.kserve-authz.svc',
  'kserve-authz.kserve-authz',
]
const WILDCARDS = [
  '*.kserve-authz.svc.cluster.local',
  '*.kserve-authz.svc',
  '*.svc.cluster.local',
  '*.cluster.local',
  '*.local',
  '*.LOCAL',
  '*.svc.cluster.local.',
]

/** By the policy that refuses them. */
export const REFUSED_OBJECTS: Readonly<Record<string, readonly Row[]>> = {
  'service.kserve-authz.io': [
    ...[...NAMES, ...WILDCARDS].flatMap((host): Row[] => [
      [`ServiceEntry ${host}`, entryOf([host])],
      [`DestinationRule ${host}`, destinationRule({ host })],
    ]),
    ...[...NAMES, ...WILDCARDS].map(
      (host): Row => [
        `VirtualService ${host}`,
        virtualService({ hosts: [host], http: [{ route: [to('reviews')] }] }),
      ],
    ),
    ['DestinationRule for every host', destinationRule({ host: '*' })],
    ['ServiceEntry among others', entryOf(['db.example.com', HOST])],
    ['ServiceEntry for itself', entryOf([HOST], { exportTo: ['.'] })],
    ['ServiceEntry for all', entryOf([HOST], { exportTo: ['*'] })],
    ['ServiceEntry by DNS', entryOf([HOST], { resolution: 'DNS', exportTo: ['other'] })],
    [
      'ServiceEntry of pods',
      entryOf([HOST], { endpoints: undefined, workloadSelector: { labels: { app: 'mine' } } }),
    ],
    [
      'DestinationRule for some pods',
      destinationRule({
        host: HOST,
        workloadSelector: { matchLabels: { component: 'predictor' } },
      }),
    ],
    ...['DISABLE', 'SIMPLE'].map(
      (mode): Row => [
        `DestinationRule with TLS ${mode}`,
        destinationRule({ host: HOST, exportTo: ['*'], trafficPolicy: { tls: { mode } } }),
      ],
    ),
    [
      'DestinationRule with subsets',
      destinationRule({ host: HOST, subsets: [{ name: 'mine', labels: { app: 'mine' } }] }),
    ],
    ['VirtualService with it as the destination', inMesh({ http: [{ route: [to(HOST)] }] })],
    [
      'VirtualService with it as a second destination',
      inMesh({ http: [{ route: [to('reviews')] }, { route: [to('reviews'), to(HOST)] }] }),
    ],
    [
      'VirtualService with it as the mirror',
      inMesh({ http: [{ route: [to('reviews')], mirror: { host: HOST } }] }),
    ],
    [
      'VirtualService with mirrors',
      inMesh({ http: [{ route: [to('reviews')], mirrors: [to(HOST)] }] }),
    ],
    ['VirtualService of TCP', inMesh({ tcp: [{ route: [to(HOST)] }] })],
    [
      'VirtualService of TLS',
      inMesh({ tls: [{ match: [{ sniHosts: ['reviews'] }], route: [to(HOST)] }] }),
    ],
    ['Sidecar with its namespace only', importing('./*')],
    ['Sidecar with its namespace by name', importing('team/*', 'istio-system/*')],
    ['Sidecar with nothing', importing('~/*')],
    ['Sidecar with another host of it', importing('kserve-authz/other.example.com')],
    ['Sidecar with external hosts', importing('*/*.example.com')],
    ['Sidecar with the host from its namespace', importing(`./${HOST}`, 'kserve-authz/*')],
    ['Sidecar with the host from another', importing(`team/${HOST}`, 'kserve-authz/*')],
    [
      'Sidecar with it on another port',
      sidecar({
        egress: [
          { hosts: ['./*'] },
          { hosts: ['kserve-authz/*'], port: { number: 80, name: 'http', protocol: 'HTTP' } },
        ],
      }),
    ],
    [
      'Sidecar for some pods, with an egress proxy',
      sidecar({
        workloadSelector: { labels: { component: 'predictor' } },
        outboundTrafficPolicy: { mode: 'ALLOW_ANY' },
        egress: [{ hosts: ['./*'] }],
      }),
    ],
  ],
  'proxies.kserve-authz.io': [
    ['EnvoyFilter', envoyFilter({ configPatches: [] })],
    ['WasmPlugin', extension('WasmPlugin')({ url: 'oci://example.com/plugin' })],
    ['TrafficExtension', extension('TrafficExtension')({ lua: { inlineCode: 'x' } })],
    ['ProxyConfig with variables', proxyConfig({ environmentVariables: { A: 'b' } })],
    ['ProxyConfig with an image', proxyConfig({ image: { imageType: 'debug' } })],
  ],
  'routes.kserve-authz.io': [
    ...[
      'victim-predictor.other.svc.cluster.local',
      'victim-predictor.other.svc',
      'victim-predictor.other',
      'victim.team.other',
      'team.other.svc.cluster.local',
      'models.example.com',
    ].map((host): Row => [host, leading(host)]),
    ['behind its own gateway', atGateway({ http: [{ route: [to('open'), to('a.other')] }] })],
    ['a mirror', atGateway({ http: [{ route: [to('open')], mirror: { host: 'a.other' } }] })],
    ['mirrors', atGateway({ http: [{ route: [to('open')], mirrors: [to('a.other')] }] })],
    ['TCP', atGateway({ tcp: [{ route: [to('a.other')] }] })],
    ['the remainder of another route', virtualService({ http: [{ route: [to('a.other')] }] })],
    [
      'a gateway beside the mesh',
      atGateway({ gateways: ['mesh', 'knative-serving/g'], http: [{ route: [to('a.other')] }] }),
    ],
  ],
}

export const TAKEN_OBJECTS: readonly Row[] = [
  ['ServiceEntry of others', entryOf(['db.example.com', '*.example.com'])],
  [
    'ServiceEntry with a similar name',
    entryOf(['kserve-authz.kserve-authz-test.svc.cluster.local']),
  ],
  ['ServiceEntry of the installation', { ...entryOf([HOST]), metadata: installed('kserve-authz') }],
  ['DestinationRule for its own service', destinationRule({ host: 'kserve-authz' })],
  ['DestinationRule of others', destinationRule({ host: '*.team.svc.cluster.local' })],
  ['VirtualService for every host', atGateway({ hosts: ['*'], http: [{ route: [to('open')] }] })],
  ['VirtualService for the mesh', inMesh({ http: [{ route: [to('reviews.other')] }] })],
  ...['open', 'open.team', 'open.team.svc', 'open.team.svc.cluster.local', 'open.team.'].map(
    (host): Row => [`VirtualService to ${host}`, leading(host)],
  ),
  [
    'VirtualService to the local gateway',
    leading('knative-local-gateway.istio-system.svc.cluster.local'),
  ],
  ['Sidecar with the service', importing('./*', 'kserve-authz/*')],
  ['Sidecar with its host', importing('./*', `kserve-authz/${HOST}`)],
  ['Sidecar with everything', importing('*/*')],
  ['Sidecar with the cluster', importing('*/*.svc.cluster.local')],
  ['Sidecar without egress', sidecar({ outboundTrafficPolicy: { mode: 'REGISTRY_ONLY' } })],
  ['ProxyConfig', proxyConfig({ concurrency: 2 })],
  ['EnvoyFilter of the installation', envoyFilter({ configPatches: [] }, 'istio-system')],
]

function installed(namespace: string) {
  return { namespace, name: 'tried' }
}
