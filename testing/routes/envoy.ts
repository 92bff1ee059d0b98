import type { Gateway, Match, World } from './model.ts'
import { virtualHosts } from './virtual-hosts.ts'

export type GatewayPorts = Readonly<Record<string, number>>

const EXTENSIONS = 'type.googleapis.com/envoy.extensions'

/** The listener of a gateway with the same routes and without checks. */
export const unguarded = (gateway: string) => `${gateway}-unguarded`

/** The backend that was reached, and the kind of its route. */
export const REACHED = 'x-reached'
export const ROUTE = 'x-route'

/**
 * Envoy's configuration for the gateways of a world: each backend answers with its name. Without ports of a service
 * there are no checks.
 */
export const envoyOf = (world: World, authzPorts: GatewayPorts = {}) => ({
  admin: { address: address(0) },
  static_resources: {
    listeners: world.gateways.flatMap((gateway) => [
      ...(gateway.id in authzPorts ? [listener(world, gateway, true)] : []),
      listener(world, gateway, false),
    ]),
    clusters: Object.entries(authzPorts).map(([id, port]) => cluster(id, port)),
  },
})

const listener = (world: World, gateway: Gateway, guarded: boolean) => ({
  name: guarded ? gateway.id : unguarded(gateway.id),
  address: address(0, guarded ? gateway.listen : undefined),
  enable_reuse_port: false,
  filter_chains: [
    {
      filters: [
        {
          name: 'envoy.filters.network.http_connection_manager',
          typed_config: connectionManager(world, gateway, guarded),
        },
      ],
    },
  ],
})

/** Defaults of Istio and Envoy Gateway. */
const NORMALIZATION = {
  istio: { normalize_path: true, path_with_escaped_slashes_action: 'KEEP_UNCHANGED' },
  'envoy-gateway': {
    normalize_path: true,
    merge_slashes: true,
    path_with_escaped_slashes_action: 'UNESCAPE_AND_REDIRECT',
    common_http_protocol_options: { headers_with_underscores_action: 'REJECT_REQUEST' },
  },
} as const

const connectionManager = (world: World, gateway: Gateway, guarded: boolean) => ({
  '@type': `${EXTENSIONS}.filters.network.http_connection_manager.v3.HttpConnectionManager`,
  stat_prefix: gateway.id,
  ...NORMALIZATION[world.flavour],
  use_remote_address: true,
  route_config: {
    ignore_port_in_host_matching: true,
    virtual_hosts: virtualHosts(world, gateway).map(({ domain, leaves }) => ({
      name: domain,
      domains: [domain],
      routes: leaves.flatMap(({ match, kind, traits, backends }) =>
        backends.map((backend, index) => ({
          match: {
            ...matchOf(match),
            ...(index === backends.length - 1 ? {} : onePartOf(backends.length - index)),
          },
          direct_response: { status: 200 },
          response_headers_to_add: [
            { header: { key: REACHED, value: backend.id } },
            { header: { key: ROUTE, value: [kind, ...traits].join('; ') } },
          ],
        })),
      ),
    })),
  },
  http_filters: [
    ...(guarded
      ? [{ name: 'envoy.filters.http.ext_authz', typed_config: authorization(world, gateway) }]
      : []),
    {
      name: 'envoy.filters.http.router',
      typed_config: { '@type': `${EXTENSIONS}.filters.http.router.v3.Router` },
    },
  ],
})

const onePartOf = (parts: number) => ({
  runtime_fraction: {
    default_value: { numerator: Math.floor(1_000_000 / parts), denominator: 'MILLION' },
  },
})

const matchOf = ({ path, method, headers = [], query = [] }: Match) => ({
  ...pathMatch(path),
  headers: [
    ...(method === undefined ? [] : [{ name: ':method', string_match: { exact: method } }]),
    ...headers.map(({ name, type, value }) => ({
      name: name.toLowerCase(),
      string_match: type === 'Exact' ? { exact: value } : { safe_regex: { regex: value } },
    })),
  ],
  query_parameters: query.map(({ name, value }) => ({ name, string_match: { exact: value } })),
})

function pathMatch({ type, value }: Match['path']) {
  if (type === 'Exact') return { path: value }
  if (type === 'RegularExpression') return { safe_regex: { regex: value } }
  return type === 'Plain' || value === '/' ? { prefix: value } : { path_separated_prefix: value }
}

const authorization = ({ rawHeaders }: World, { id }: Gateway) => ({
  '@type': `${EXTENSIONS}.filters.http.ext_authz.v3.ExtAuthz`,
  transport_api_version: 'V3',
  grpc_service: { envoy_grpc: { cluster_name: id }, timeout: '10s' },
  failure_mode_allow: false,
  status_on_error: { code: 503 },
  encode_raw_headers: rawHeaders,
})

const cluster = (name: string, port: number) => ({
  name,
  type: 'STATIC',
  connect_timeout: '5s',
  load_assignment: {
    cluster_name: name,
    endpoints: [{ lb_endpoints: [{ endpoint: { address: address(port) } }] }],
  },
  typed_extension_protocol_options: {
    'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': {
      '@type': `${EXTENSIONS}.upstreams.http.v3.HttpProtocolOptions`,
      explicit_http_config: { http2_protocol_options: {} },
    },
  },
})

const address = (port: number, of = '127.0.0.1') => ({
  socket_address: { address: of, port_value: port },
})
