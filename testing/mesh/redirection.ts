import type { Written } from '../cluster/client.ts'
import { WORKLOAD_PORT } from './installation.ts'
import { sidecar } from './objects.ts'
import { type MeshPod, POD_PORTS } from './pods.ts'
import { ownLabel } from './workload.ts'

export const SERVICE_HOST = 'kserve-authz.kserve-authz.svc.cluster.local'

/** The sidecar of a pod, which imports these hosts on the port of the service. */
export function importing(pod: MeshPod, hosts: readonly string[]): Written {
  const { namespace, name, address, model } = pod
  const inbound = POD_PORTS.map((number) => ({
    number,
    protocol: 'HTTP' as const,
    upstream: model.httpPort,
  }))
  const labels = ownLabel(name)
  const { spec, ...object } = sidecar(namespace, name, { labels, address, inbound })
  const port = { number: WORKLOAD_PORT, protocol: 'GRPC', name: 'authz' }
  return {
    ...object,
    spec: { ...Object(spec), egress: [{ port, bind: address, captureMode: 'NONE', hosts }] },
  }
}

/** The service's host in a namespace with models: its checks go to a port of this machine, in plain text. */
export const redirection = (namespace: string, port: number): readonly Written[] => [
  {
    apiVersion: 'networking.istio.io/v1',
    kind: 'ServiceEntry',
    metadata: { namespace, name: 'taken' },
    spec: {
      hosts: [SERVICE_HOST],
      exportTo: ['.'],
      location: 'MESH_EXTERNAL',
      resolution: 'STATIC',
      ports: [{ number: WORKLOAD_PORT, targetPort: port, protocol: 'GRPC', name: 'grpc' }],
      endpoints: [{ address: '127.0.0.1' }],
    },
  },
  {
    apiVersion: 'networking.istio.io/v1',
    kind: 'DestinationRule',
    metadata: { namespace, name: 'taken' },
    spec: { host: SERVICE_HOST, exportTo: ['.'], trafficPolicy: { tls: { mode: 'DISABLE' } } },
  },
]
