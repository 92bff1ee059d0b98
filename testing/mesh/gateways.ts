import type { Written } from '../cluster/client.ts'
import { gateway, meshService } from './objects.ts'
import type { Workload } from './workload.ts'

/**
 * The gateway's listeners: for requests from outside, for those that Knative sends through the gateway again, and
 * for those of callers with a certificate of the mesh.
 */
export const INGRESS_PORT = 8080
export const LOCAL_PORT = 8081
export const MUTUAL_PORT = 8443

/** The Gateways of these listeners, for a VirtualService. */
export const INGRESS = 'knative-serving/knative-ingress-gateway'
export const LOCAL = 'knative-serving/knative-local-gateway'
export const MUTUAL = 'istio-system/mutual-gateway'

const LABELS = { app: 'istio-ingressgateway', istio: 'ingressgateway' }

export const gatewayPod = (address: string): Workload => ({
  role: 'router',
  namespace: 'istio-system',
  name: 'istio-ingressgateway-0',
  serviceAccount: 'istio-ingressgateway',
  labels: LABELS,
  address,
})

/** The first two as Knative installs them. */
export const gatewayObjects = ({ address }: Workload): readonly Written[] => [
  gateway('knative-serving', 'knative-ingress-gateway', LABELS, { address, port: INGRESS_PORT }),
  gateway('knative-serving', 'knative-local-gateway', LABELS, { address, port: LOCAL_PORT }),
  gateway('istio-system', 'mutual-gateway', LABELS, { address, port: MUTUAL_PORT, mutual: true }),
  meshService(
    'istio-system',
    'knative-local-gateway',
    [{ number: 80, targetPort: LOCAL_PORT, protocol: 'HTTP' }],
    [{ address, meshed: false }],
  ),
]
