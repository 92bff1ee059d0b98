import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { startModelServer } from '../../examples/model-server/server.ts'
import { get, until } from '../../scripts/child.ts'
import { findEnvoy } from '../../scripts/envoy.ts'
import { type EnvoyBootstrap, envoyBootstrap } from '../../scripts/envoy-bootstrap.ts'
import { startEnvoy } from '../../scripts/start-envoy.ts'

/** The address of the cluster in a static configuration; nothing listens there. */
const NO_PORT = 1
const CLUSTER = `authz-${NO_PORT}`

const FAULTS = new RegExp(
  `^cluster\\.${CLUSTER}\\.(upstream_(?:cx_connect_(?:fail|timeout)|cx_destroy_\\w+_with_active_rq|cx_overflow|rq_(?:timeout|rx_reset|tx_reset|pending_failure_eject|pending_overflow|cancelled))|ext_authz\\.\\w+): ([1-9]\\d*)$`,
  'gm',
)

const LEFT = new RegExp(`^cluster\\.${CLUSTER}\\.upstream_cx_close_notify: (\\d+)$`, 'm')

type Options = {
  /** The certificate authorities of the replicas; if absent, without TLS. */
  readonly caFile?: string
  /** Envoy answers instead of the model, which uses less CPU time. */
  readonly withoutModel?: boolean
}

/** Envoy in front of a model, which calls the given replicas, as istiod configures it. */
export async function startEnvoyWithReplicas(options: Options = {}) {
  const folder = await mkdtemp(path.join(tmpdir(), 'replicas-'))
  const model = await startModelServer()
  const file = path.join(folder, 'endpoints.json')
  let version = 0

  /** A replaced file is noticed; one that is modified in place is not. */
  const write = async (ports: readonly number[]) => {
    version += 1
    await writeFile(`${file}.new`, JSON.stringify(discoveryOf(ports, version)))
    await rename(`${file}.new`, file)
  }
  await write([])
  const bootstrap = envoyBootstrap({
    listeners: [
      {
        name: 'gateway',
        port: 0,
        authzPort: NO_PORT,
        httpUpstreamPort: model.port,
        timeout: '0.5s',
      },
    ],
  })
  const envoy = await findEnvoy((line) => void process.stderr.write(`${line}\n`))
  const proxy = await startEnvoy({
    envoy,
    bootstrap: withDiscovery(bootstrap, file, options),
    folder,
  })

  const known = async () => {
    const { text } = await get(`http://127.0.0.1:${proxy.adminPort}/clusters`)
    const lines = text.matchAll(new RegExp(`^${CLUSTER}::127\\.0\\.0\\.1:(\\d+)::cx_active`, 'gm'))
    return [...lines].map(([, port]) => Number(port))
  }
  return {
    pid: proxy.pid,
    port: proxy.portOf('gateway'),
    /** Resolves once Envoy uses exactly these replicas. */
    ask: async (ports: readonly number[]) => {
      await write(ports)
      const awaited = ports.toSorted(ascending).join()
      await until('Envoy knows its replicas', async () =>
        (await known()).toSorted(ascending).join() === awaited ? true : undefined,
      )
    },
    /** Why Envoy had no answer of its replicas: its counters that are not zero. */
    faults: async () => {
      const { text } = await get(`http://127.0.0.1:${proxy.adminPort}/stats?usedonly`)
      return [...text.matchAll(FAULTS)].map(([, name = '', count = '']) => [name, count] as const)
    },
    /** How many connections Envoy has left because of a GOAWAY. */
    left: async () => {
      const { text } = await get(`http://127.0.0.1:${proxy.adminPort}/stats`)
      return Number(LEFT.exec(text)?.[1])
    },
    stop: async () => {
      await proxy.stop()
      await model.close()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

const ascending = (a: number, b: number) => a - b

const discoveryOf = (ports: readonly number[], version: number) => ({
  version_info: String(version),
  resources: [
    {
      '@type': 'type.googleapis.com/envoy.config.endpoint.v3.ClusterLoadAssignment',
      cluster_name: CLUSTER,
      endpoints: [{ lb_endpoints: ports.map((port) => ({ endpoint: addressOf(port) })) }],
    },
  ],
})

const addressOf = (port: number) => ({
  address: { socket_address: { address: '127.0.0.1', port_value: port } },
})

/** As in istio/service/destination-rule.yaml. */
const BALANCING = {
  lb_policy: 'LEAST_REQUEST',
  least_request_lb_config: {
    slow_start_config: { slow_start_window: '30s', min_weight_percent: { value: 1 } },
  },
}

const DIRECT = { match: { prefix: '/' }, direct_response: { status: 200 } }

/** Envoy reloads these files when they are replaced. */
const upstreamTls = (caFile: string) => ({
  transport_socket: {
    name: 'envoy.transport_sockets.tls',
    typed_config: {
      '@type': 'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext',
      common_tls_context: {
        alpn_protocols: ['h2'],
        validation_context: { trusted_ca: { filename: caFile } },
      },
    },
  },
})

function withDiscovery(
  { admin, static_resources }: EnvoyBootstrap,
  file: string,
  { caFile, withoutModel = false }: Options,
) {
  const clusters = static_resources.clusters.map((cluster) => {
    if (cluster.name !== CLUSTER) return cluster
    const { load_assignment: _, ...others } = cluster
    const source = { path_config_source: { path: file }, resource_api_version: 'V3' }
    return {
      ...others,
      type: 'EDS',
      ...BALANCING,
      eds_cluster_config: { eds_config: source },
      ...(caFile === undefined ? {} : upstreamTls(caFile)),
    }
  })
  const text = JSON.stringify({ ...static_resources, clusters }, (key, value: unknown) =>
    withoutModel && key === 'routes' ? [DIRECT] : value,
  )
  const resources: unknown = JSON.parse(text)
  return { node: { id: 'envoy', cluster: 'envoy' }, admin, static_resources: resources }
}
