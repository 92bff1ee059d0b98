export type ListenerSpec = {
  readonly name: string
  /** 0: any free port; `startEnvoy` returns it. */
  readonly port: number
  readonly host?: string
  readonly normalizePath?: boolean
  readonly mergeSlashes?: boolean
  readonly pathWithEscapedSlashesAction?: EscapedSlashesAction
  readonly encodeRawHeaders?: boolean
  readonly withRequestBody?: RequestBody
  readonly failureModeAllow?: boolean
  /** HTTP status when the authorization service does not answer. */
  readonly statusOnError?: number
  /** Timeout of the authorization service, as a protobuf duration: `0.5s`. */
  readonly timeout?: string
  readonly authzPort: number
  readonly httpUpstreamPort: number
  /** Serves paths that begin with `/inference.`: the gRPC services of KServe V2. */
  readonly grpcUpstreamPort?: number
  readonly maxHeadersKb?: number
  readonly tls?: ListenerTls
}

type EscapedSlashesAction =
  | 'KEEP_UNCHANGED'
  | 'REJECT_REQUEST'
  | 'UNESCAPE_AND_REDIRECT'
  | 'UNESCAPE_AND_FORWARD'

type RequestBody = {
  readonly maxRequestBytes: number
  readonly allowPartialMessage?: boolean
  readonly packAsBytes?: boolean
}

/** Paths of PEM files. With `clientCaFile` a client certificate is required. */
export type ListenerTls = {
  readonly certFile: string
  readonly keyFile: string
  readonly clientCaFile?: string
}

type BootstrapSpec = { readonly listeners: readonly ListenerSpec[]; readonly adminPort?: number }

const LOOPBACK = '127.0.0.1'

/**
 * Envoy's static configuration, as JSON. The authorization filter comes before all others, as Istio
 * configures it for a CUSTOM provider, but it fails closed with 503 after half a second.
 */
export const envoyBootstrap = ({ listeners, adminPort = 0 }: BootstrapSpec) => ({
  admin: { address: address(LOOPBACK, adminPort) },
  static_resources: { listeners: listeners.map(listener), clusters: clustersOf(listeners) },
})

export type EnvoyBootstrap = ReturnType<typeof envoyBootstrap>

const listener = (spec: ListenerSpec) => ({
  name: spec.name,
  address: address(spec.host ?? LOOPBACK, spec.port),
  // Two Envoys on one port are an error; without this they would share its connections.
  enable_reuse_port: false,
  filter_chains: [
    {
      filters: [
        {
          name: 'envoy.filters.network.http_connection_manager',
          typed_config: connectionManager(spec),
        },
      ],
      ...(spec.tls === undefined ? {} : { transport_socket: downstreamTls(spec.tls) }),
    },
  ],
})

const connectionManager = (spec: ListenerSpec) => ({
  '@type': `${EXTENSIONS}.filters.network.http_connection_manager.v3.HttpConnectionManager`,
  stat_prefix: spec.name,
  normalize_path: spec.normalizePath ?? true,
  merge_slashes: spec.mergeSlashes ?? true,
  path_with_escaped_slashes_action: spec.pathWithEscapedSlashesAction ?? 'KEEP_UNCHANGED',
  ...(spec.maxHeadersKb === undefined ? {} : { max_request_headers_kb: spec.maxHeadersKb }),
  upgrade_configs: [{ upgrade_type: 'websocket' }],
  route_config: {
    virtual_hosts: [{ name: 'all', domains: ['*'], routes: routesOf(spec) }],
  },
  http_filters: [
    { name: 'envoy.filters.http.ext_authz', typed_config: externalAuthorization(spec) },
    {
      name: 'envoy.filters.http.router',
      typed_config: { '@type': `${EXTENSIONS}.filters.http.router.v3.Router` },
    },
  ],
})

const externalAuthorization = (spec: ListenerSpec) => ({
  '@type': `${EXTENSIONS}.filters.http.ext_authz.v3.ExtAuthz`,
  transport_api_version: 'V3',
  grpc_service: {
    envoy_grpc: { cluster_name: clusterName('authz', spec.authzPort) },
    timeout: spec.timeout ?? '0.5s',
  },
  failure_mode_allow: spec.failureModeAllow ?? false,
  status_on_error: { code: spec.statusOnError ?? 503 },
  encode_raw_headers: spec.encodeRawHeaders ?? false,
  ...(spec.withRequestBody === undefined
    ? {}
    : {
        with_request_body: {
          max_request_bytes: spec.withRequestBody.maxRequestBytes,
          allow_partial_message: spec.withRequestBody.allowPartialMessage ?? false,
          pack_as_bytes: spec.withRequestBody.packAsBytes ?? false,
        },
      }),
})

/** Without a timeout: a model may be slow, and streams have no fixed duration. */
function routesOf({ grpcUpstreamPort, httpUpstreamPort }: ListenerSpec) {
  const all = route('/', clusterName('http', httpUpstreamPort))
  if (grpcUpstreamPort === undefined) return [all]
  return [route('/inference.', clusterName('grpc', grpcUpstreamPort)), all]
}

const route = (prefix: string, cluster: string) => ({
  match: { prefix },
  route: { cluster, timeout: '0s' },
})

const downstreamTls = ({ certFile, keyFile, clientCaFile }: ListenerTls) => ({
  name: 'envoy.transport_sockets.tls',
  typed_config: {
    '@type': `${EXTENSIONS}.transport_sockets.tls.v3.DownstreamTlsContext`,
    require_client_certificate: clientCaFile !== undefined,
    common_tls_context: {
      alpn_protocols: ['h2', 'http/1.1'],
      tls_certificates: [
        { certificate_chain: { filename: certFile }, private_key: { filename: keyFile } },
      ],
      ...(clientCaFile === undefined
        ? {}
        : { validation_context: { trusted_ca: { filename: clientCaFile } } }),
    },
  },
})

type Protocol = 'authz' | 'grpc' | 'http'

const clusterName = (protocol: Protocol, port: number) => `${protocol}-${port}`

function clustersOf(listeners: readonly ListenerSpec[]) {
  const clusters = listeners.flatMap((spec) => [
    cluster('authz', spec.authzPort),
    cluster('http', spec.httpUpstreamPort),
    ...(spec.grpcUpstreamPort === undefined ? [] : [cluster('grpc', spec.grpcUpstreamPort)]),
  ])
  return [...new Map(clusters.map((each) => [each.name, each])).values()]
}

const cluster = (protocol: Protocol, port: number) => ({
  name: clusterName(protocol, port),
  type: 'STATIC',
  connect_timeout: '1s',
  load_assignment: {
    cluster_name: clusterName(protocol, port),
    endpoints: [{ lb_endpoints: [{ endpoint: { address: address(LOOPBACK, port) } }] }],
  },
  ...(protocol === 'http' ? {} : { typed_extension_protocol_options: HTTP2 }),
})

const address = (host: string, port: number) => ({
  socket_address: { address: host, port_value: port },
})

const EXTENSIONS = 'type.googleapis.com/envoy.extensions'

const HTTP2 = {
  'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': {
    '@type': `${EXTENSIONS}.upstreams.http.v3.HttpProtocolOptions`,
    explicit_http_config: { http2_protocol_options: {} },
  },
}
