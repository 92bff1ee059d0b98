import type { Written } from '../cluster/client.ts'

const NETWORKING = 'networking.istio.io/v1'
const SECURITY = 'security.istio.io/v1'

type Endpoint = {
  readonly address: string
  /** It has a sidecar with mutual TLS. */
  readonly meshed: boolean
  readonly serviceAccount?: string
}

type ServicePort = {
  readonly number: number
  readonly targetPort?: number
  readonly protocol: 'HTTP' | 'GRPC' | 'TCP'
}

/** A Service with its endpoints: an API server does not accept loopback addresses in its own endpoints. */
export const meshService = (
  namespace: string,
  name: string,
  ports: readonly ServicePort[],
  endpoints: readonly Endpoint[],
): Written => ({
  apiVersion: NETWORKING,
  kind: 'ServiceEntry',
  metadata: { namespace, name },
  spec: {
    hosts: [`${name}.${namespace}.svc.cluster.local`],
    location: 'MESH_INTERNAL',
    resolution: 'STATIC',
    ports: ports.map((port) => ({
      ...port,
      name: `${port.protocol}-${port.number}`.toLowerCase(),
    })),
    endpoints: endpoints.map(({ address, meshed, ...identity }) => ({
      address,
      ...identity,
      ...(meshed ? { labels: { 'security.istio.io/tlsMode': 'istio' } } : {}),
    })),
  },
})

type Inbound = {
  readonly number: number
  readonly protocol: 'HTTP' | 'GRPC' | 'TCP'
  /** The port of the program behind the sidecar. */
  readonly upstream: number
}

type SidecarSpec = {
  readonly labels: Readonly<Record<string, string>>
  readonly address: string
  readonly inbound: readonly Inbound[]
  /** The port of kserve-authz that the sidecar may call, if any. */
  readonly asks?: number
}

/** The listener of a sidecar without redirected connections. */
export const sidecar = (
  namespace: string,
  name: string,
  { labels, address, inbound, asks }: SidecarSpec,
): Written => ({
  apiVersion: NETWORKING,
  kind: 'Sidecar',
  metadata: { namespace, name },
  spec: {
    workloadSelector: { labels },
    ingress: inbound.map(({ number, protocol, upstream }) => ({
      port: { number, protocol, name: `${protocol}-${number}`.toLowerCase() },
      bind: address,
      captureMode: 'NONE',
      defaultEndpoint: `127.0.0.1:${upstream}`,
    })),
    egress: [
      asks === undefined
        ? { hosts: ['~/*'] }
        : {
            port: { number: asks, protocol: 'GRPC', name: 'authz' },
            bind: address,
            captureMode: 'NONE',
            hosts: ['kserve-authz/*'],
          },
    ],
  },
})

/** A listener of the proxies with these labels, for all hosts. */
export const gateway = (
  namespace: string,
  name: string,
  selector: Readonly<Record<string, string>>,
  { address, port, mutual = false }: GatewayListener,
): Written => ({
  apiVersion: NETWORKING,
  kind: 'Gateway',
  metadata: { namespace, name },
  spec: {
    selector,
    servers: [
      {
        port: { number: port, ...(mutual ? HTTPS : HTTP) },
        ...(mutual ? { tls: { mode: 'ISTIO_MUTUAL' } } : {}),
        bind: address,
        hosts: ['*'],
      },
    ],
  },
})

type GatewayListener = {
  readonly address: string
  readonly port: number
  /** Callers need a certificate of the mesh. */
  readonly mutual?: boolean
}

const HTTP = { name: 'http', protocol: 'HTTP' }
const HTTPS = { name: 'https', protocol: 'HTTPS' }

type Route = {
  readonly hosts: readonly string[]
  /** `namespace/name`. */
  readonly gateways: readonly string[]
  /** As in a VirtualService. */
  readonly http: readonly object[]
}

export const virtualService = (namespace: string, name: string, spec: Route): Written => ({
  apiVersion: NETWORKING,
  kind: 'VirtualService',
  metadata: { namespace, name },
  spec,
})

/** For a route: to a Service by its full name. */
export const destination = (host: string, port = 80) => ({
  destination: { host, port: { number: port } },
})

/** A route of a predictor in the namespace `team`: inference over gRPC to `grpcPort`, everything else over HTTP. */
export function predictorRoute(
  name: string,
  { grpcPort, ...route }: Omit<Route, 'http'> & { readonly grpcPort: number },
): Written {
  const host = `${name}-predictor.team.svc.cluster.local`
  return virtualService('team', name, {
    ...route,
    http: [
      { match: [{ uri: { prefix: '/inference.' } }], route: [destination(host, grpcPort)] },
      { route: [destination(host)] },
    ],
  })
}

export const mutualTls = (namespace: string, mode: 'STRICT' | 'PERMISSIVE'): Written => ({
  apiVersion: SECURITY,
  kind: 'PeerAuthentication',
  metadata: { namespace, name: 'default' },
  spec: { mtls: { mode } },
})
