import type { Flavour, Gateway } from './model.ts'

/** The pod of a gateway, as its controller creates it: its labels name the Gateway. */
export const gatewayPod = (flavour: Flavour, gateway: Gateway) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: `${gateway.name}-0`, ...placeOf(flavour, gateway) },
  spec: { containers: [{ name: 'envoy', image: 'any' }] },
  status: { phase: 'Running', podIP: gateway.listen, podIPs: [{ ip: gateway.listen }] },
})

function placeOf(flavour: Flavour, { api, namespace, name }: Gateway) {
  if (api === 'istio') return { namespace: 'istio-system', labels: { istio: name } }
  return flavour === 'istio'
    ? {
        namespace,
        labels: {
          'gateway.networking.k8s.io/gateway-name': name,
          'gateway.istio.io/managed': 'istio.io-gateway-controller',
        },
      }
    : {
        namespace: 'envoy-gateway-system',
        labels: {
          'gateway.envoyproxy.io/owning-gateway-name': name,
          'gateway.envoyproxy.io/owning-gateway-namespace': namespace,
        },
      }
}

/** Pods of a world that are not gateways: fields that a tenant can write about itself. */
export const pretendedPods = (tenant: string, { namespace, name, listen }: Gateway) => [
  {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: 'pretender',
      namespace: tenant,
      labels: {
        'gateway.envoyproxy.io/owning-gateway-name': name,
        'gateway.envoyproxy.io/owning-gateway-namespace': namespace,
      },
    },
    spec: { containers: [{ name: 'any', image: 'any' }] },
    status: { phase: 'Running', podIP: '127.0.0.99' },
  },
  {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: 'on-the-node',
      namespace: tenant,
      labels: { 'gateway.networking.k8s.io/gateway-name': name },
    },
    spec: { hostNetwork: true, containers: [{ name: 'any', image: 'any' }] },
    status: { phase: 'Running', podIP: listen },
  },
]

/** The configuration of Istio's gateways, whose pods have no such label. */
export const declaredProxies = (gateways: readonly Gateway[]) =>
  gateways
    .filter(({ api, isKnown }) => api === 'istio' && isKnown)
    .map(({ id, namespace, name, listen }) => ({
      ...(id === 'local'
        ? { addresses: [listen] }
        : { namespace: 'istio-system', podLabels: { istio: name } }),
      gateways: [`istio:${namespace}/${name}`],
    }))
