import { Client, credentials } from '@grpc/grpc-js'
import { ENVOY_PROTOS, loadProto } from '../proto-facts.ts'
import { nodeIdOf } from './proxy-bootstrap.ts'
import type { Workload } from './workload.ts'

const DISCOVERY = 'envoy.service.discovery.v3'
const LISTENER = 'type.googleapis.com/envoy.config.listener.v3.Listener'

/** The listeners that istiod gives to a proxy whose connections are redirected to it, as bytes. */
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
