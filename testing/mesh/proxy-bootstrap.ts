import type { Workload } from './workload.ts'

/** The node id by which istiod distinguishes proxies. */
export const nodeIdOf = ({ role, address, name, namespace }: Workload) =>
  `${role}~${address}~${name}.${namespace}~${namespace}.svc.cluster.local`

type Servers = { readonly xdsPort: number; readonly secretsPort: number }

/** Envoy's bootstrap: everything it serves comes from istiod, and no connection is redirected to it. */
export const proxyBootstrap = (workload: Workload, { xdsPort, secretsPort }: Servers) => ({
  node: {
    id: nodeIdOf(workload),
    cluster: `${workload.name}.${workload.namespace}`,
    metadata: {
      NAMESPACE: workload.namespace,
      SERVICE_ACCOUNT: workload.serviceAccount,
      LABELS: workload.labels,
      CLUSTER_ID: 'Kubernetes',
      ISTIO_VERSION: '1.31.0',
      MESH_ID: 'cluster.local',
      INTERCEPTION_MODE: 'NONE',
    },
  },
  admin: { address: address(0) },
  dynamic_resources: {
    ads_config: {
      api_type: 'GRPC',
      transport_api_version: 'V3',
      set_node_on_first_message_only: true,
      grpc_services: [{ envoy_grpc: { cluster_name: 'xds-grpc' } }],
    },
    cds_config: { ads: {}, resource_api_version: 'V3' },
    lds_config: { ads: {}, resource_api_version: 'V3' },
  },
  static_resources: {
    clusters: [cluster('xds-grpc', xdsPort), cluster('sds-grpc', secretsPort)],
  },
})

const address = (port: number) => ({
  socket_address: { address: '127.0.0.1', port_value: port },
})

const HTTP_OPTIONS = 'envoy.extensions.upstreams.http.v3.HttpProtocolOptions'

const cluster = (name: string, port: number) => ({
  name,
  type: 'STATIC',
  connect_timeout: '1s',
  typed_extension_protocol_options: {
    [HTTP_OPTIONS]: {
      '@type': `type.googleapis.com/${HTTP_OPTIONS}`,
      explicit_http_config: { http2_protocol_options: {} },
    },
  },
  load_assignment: {
    cluster_name: name,
    endpoints: [{ lb_endpoints: [{ endpoint: { address: address(port) } }] }],
  },
})
