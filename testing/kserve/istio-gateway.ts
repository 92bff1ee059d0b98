import { randomInt } from 'node:crypto'
import { findEnvoy } from '../../scripts/envoy.ts'
import { findIstio } from '../../scripts/istio.ts'
import type { Written } from '../cluster/client.ts'
import type { Cluster } from '../cluster/cluster.ts'
import { runningAt } from '../cluster/objects.ts'
import { startIdentities } from '../mesh/identities.ts'
import { GATEWAY_PORT, installIstioCrds, meshConfig, shippedObjects } from '../mesh/installation.ts'
import { startIstiod } from '../mesh/istiod.ts'
import { meshService } from '../mesh/objects.ts'
import { prepareProxies } from '../mesh/proxies.ts'
import type { Workload } from '../mesh/workload.ts'
import { GATEWAY } from './rows.ts'

const LISTENER_PORT = 8_080

/** With the Gateway API, but without a certificate authority and without Deployments of gateways. */
const ENVIRONMENT = {
  PILOT_ENABLE_GATEWAY_API: 'true',
  PILOT_ENABLE_GATEWAY_API_DEPLOYMENT_CONTROLLER: 'false',
}

const LABELS = {
  'gateway.networking.k8s.io/gateway-name': GATEWAY.name,
  'gateway.networking.k8s.io/gateway-class-name': 'istio',
  'gateway.istio.io/managed': 'istio.io-gateway-controller',
}

const report = (line: string) => void process.stderr.write(`${line}\n`)

/**
 * Gives a cluster istiod and a Gateway of its class, whose Envoy runs at a loopback address. The Service and the pod
 * are those that istiod creates for a Gateway.
 */
export async function startIstioGateway(cluster: Cluster, externalAddress: string) {
  const stops: (() => Promise<void>)[] = []
  const stop = async () => {
    for (const each of stops.splice(0).toReversed()) await each()
  }
  try {
    const [envoy, istio] = [await findEnvoy(report), await findIstio(report)]
    await installIstioCrds(cluster, istio.crds)
    const istiod = await startIstiod({
      istiod: istio.pilotDiscovery,
      cluster,
      meshConfig: await meshConfig(),
      environment: ENVIRONMENT,
    })
    stops.push(() => istiod.kill())
    const workload: Workload = {
      role: 'router',
      namespace: GATEWAY.namespace,
      name: `${GATEWAY.name}-istio-0`,
      serviceAccount: `${GATEWAY.name}-istio`,
      labels: LABELS,
      address: `127.${randomInt(64, 127)}.${randomInt(256)}.1`,
    }
    await createGateway(cluster, workload, externalAddress)
    const { folder } = cluster.site
    const proxies = await prepareProxies({
      envoy,
      folder,
      identities: await startIdentities(folder),
    })
    stops.push(() => proxies.close())
    return {
      host: workload.address,
      port: LISTENER_PORT,
      /** Makes the Gateway ask the service at this port. */
      protect: async (port: number) => {
        await cluster.apply(authzAt(port))
        for (const object of await shippedObjects('gateways/kubernetes'))
          await cluster.apply(object)
      },
      /** Starts Envoy; resolves once it listens. */
      start: async () => {
        const proxy = await proxies.start(workload, istiod.xdsPort, [LISTENER_PORT])
        stops.push(() => proxy.stop())
      },
      stop,
    }
  } catch (fault) {
    await stop()
    throw fault
  }
}

const authzAt = (targetPort: number) =>
  meshService(
    'kserve-authz',
    'kserve-authz',
    [{ number: GATEWAY_PORT, targetPort, protocol: 'GRPC' }],
    [{ address: '127.0.0.1', meshed: false }],
  )

/**
 * An endpoint on this machine for a port of a Service, in addition to the Service: an API server does not accept
 * loopback addresses in its own endpoints.
 */
export const endpointOf = (
  namespace: string,
  name: string,
  port: { readonly number: number; readonly targetPort: number; readonly name: string },
  address = '127.0.0.1',
): Written => ({
  apiVersion: 'networking.istio.io/v1',
  kind: 'ServiceEntry',
  metadata: { namespace, name: `${name}-${port.number}` },
  spec: {
    hosts: [`${name}.${namespace}.svc.cluster.local`],
    location: 'MESH_INTERNAL',
    resolution: 'STATIC',
    ports: [{ ...port, protocol: 'HTTP' }],
    endpoints: [{ address }],
  },
})

async function createGateway(
  cluster: Cluster,
  { namespace, name, labels, serviceAccount, address }: Workload,
  externalAddress: string,
) {
  const port = { name: 'http', protocol: 'TCP', appProtocol: 'http', port: LISTENER_PORT }
  const service = {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { namespace, name: `${GATEWAY.name}-istio`, labels },
    spec: {
      type: 'LoadBalancer',
      selector: { 'gateway.networking.k8s.io/gateway-name': GATEWAY.name },
      ports: [port],
    },
  }
  const pod = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { namespace, name, labels },
    // A node that no program manages.
    spec: {
      nodeName: 'gateway-node',
      serviceAccountName: serviceAccount,
      containers: [{ name: 'istio-proxy', image: 'none' }],
    },
  }
  await cluster.apply(service)
  await cluster.applyStatus(service, { loadBalancer: { ingress: [{ ip: externalAddress }] } })
  await cluster.apply({
    apiVersion: 'v1',
    kind: 'ServiceAccount',
    metadata: { namespace, name: serviceAccount },
  })
  await cluster.apply(pod)
  await cluster.applyStatus(pod, runningAt(address))
  const own = { number: LISTENER_PORT, targetPort: LISTENER_PORT, name: port.name }
  await cluster.apply(endpointOf(namespace, service.metadata.name, own, address))
  await cluster.apply(listeningAt(namespace, address))
  await cluster.apply({
    apiVersion: 'gateway.networking.k8s.io/v1',
    kind: 'GatewayClass',
    metadata: { name: 'istio' },
    spec: { controllerName: 'istio.io/gateway-controller' },
  })
  await cluster.apply({
    apiVersion: 'gateway.networking.k8s.io/v1',
    kind: 'Gateway',
    metadata: GATEWAY,
    spec: {
      gatewayClassName: 'istio',
      listeners: [
        {
          name: 'http',
          protocol: 'HTTP',
          port: LISTENER_PORT,
          allowedRoutes: { namespaces: { from: 'All' } },
        },
      ],
    },
  })
}

/** Without it the listener has every address of this machine. */
const listeningAt = (namespace: string, address: string) => ({
  apiVersion: 'networking.istio.io/v1alpha3',
  kind: 'EnvoyFilter',
  metadata: { namespace, name: 'loopback' },
  spec: {
    configPatches: [
      {
        applyTo: 'LISTENER',
        match: { context: 'GATEWAY' },
        patch: { operation: 'MERGE', value: { address: { socket_address: { address } } } },
      },
    ],
  },
})
