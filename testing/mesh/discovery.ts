import { Client, credentials } from '@grpc/grpc-js'
import { ENVOY_PROTOS, loadProto } from '../envoy/proto-facts.ts'
import { at, listAt, textAt } from '../json.ts'
import { nodeIdOf } from './proxy-bootstrap.ts'
import type { Workload } from './workload.ts'

const DISCOVERY = 'envoy.service.discovery.v3'
const LISTENER = 'type.googleapis.com/envoy.config.listener.v3.Listener'

/** The listeners that istiod gives to a proxy with redirected connections, as bytes. */
export async function listenersOf(xdsPort: number, workload: Workload): Promise<Buffer> {
  const root = loadProto('envoy/service/discovery/v3/discovery.proto', ENVOY_PROTOS)
  const request = root.lookupType(`${DISCOVERY}.DiscoveryRequest`)
  const client = new Client(`127.0.0.1:${xdsPort}`, credentials.createInsecure())
  const stream = client.makeBidiStreamRequest(
    `/${DISCOVERY}.AggregatedDiscoveryService/StreamAggregatedResources`,
    asIs,
    asIs,
  )
  try {
    return await new Promise((resolve, reject) => {
      stream.once('data', resolve)
      stream.on('error', reject)
      const asked = request.fromObject({ node: nodeOf(workload), type_url: LISTENER })
      stream.write(Buffer.from(request.encode(asked).finish()))
    })
  } finally {
    stream.on('error', () => {})
    stream.cancel()
    client.close()
  }
}

const MANAGER = 'envoy/extensions/filters/network/http_connection_manager/v3'

/** The filters of each chain for redirected inbound connections, including the HTTP filters. */
export function waysIn(listeners: Buffer): ReadonlyMap<string, readonly string[]> {
  const reader = (file: string, type: string) => {
    const message = loadProto(file, ENVOY_PROTOS).lookupType(type)
    return (bytes: string): unknown =>
      message.toObject(message.decode(Buffer.from(bytes, 'base64')), { bytes: String })
  }
  const readListener = reader(
    'envoy/config/listener/v3/listener.proto',
    'envoy.config.listener.v3.Listener',
  )
  const readManager = reader(
    `${MANAGER}/http_connection_manager.proto`,
    `${MANAGER.replaceAll('/', '.')}.HttpConnectionManager`,
  )
  const filtersIn = (filter: unknown): string[] => {
    const name = textAt(filter, 'name')
    if (name !== 'envoy.filters.network.http_connection_manager') return [name]
    const manager = readManager(textAt(filter, 'typed_config', 'value'))
    return listAt(manager, 'http_filters').map((each) => textAt(each, 'name'))
  }
  const readAnswer = reader(
    'envoy/service/discovery/v3/discovery.proto',
    `${DISCOVERY}.DiscoveryResponse`,
  )
  const inbound = listAt(readAnswer(listeners.toString('base64')), 'resources')
    .map((resource) => readListener(textAt(resource, 'value')))
    .find((listener) => textAt(listener, 'name') === 'virtualInbound')
  const chains = [...listAt(inbound, 'filter_chains'), at(inbound, 'default_filter_chain')]
  return new Map(
    chains
      .filter((chain) => chain !== undefined)
      .map((chain, index) => [
        `${index} ${textAt(chain, 'name')}`,
        listAt(chain, 'filters').flatMap(filtersIn),
      ]),
  )
}

const asIs = (bytes: Buffer): Buffer => bytes

const nodeOf = (workload: Workload) => ({
  id: nodeIdOf(workload),
  cluster: `${workload.name}.${workload.namespace}`,
  metadata: struct({
    NAMESPACE: text(workload.namespace),
    SERVICE_ACCOUNT: text(workload.serviceAccount),
    LABELS: {
      structValue: struct(
        Object.fromEntries(
          Object.entries(workload.labels).map(([name, value]) => [name, text(value)]),
        ),
      ),
    },
    CLUSTER_ID: text('Kubernetes'),
    ISTIO_VERSION: text('1.31.0'),
    MESH_ID: text('cluster.local'),
  }),
})

const struct = (fields: object) => ({ fields })
const text = (stringValue: string) => ({ stringValue })
