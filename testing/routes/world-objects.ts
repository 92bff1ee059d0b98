import type { Gateway, Settings, Tenant } from './model.ts'

export const configMap = (settings: Settings) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: 'inferenceservice-config', namespace: 'kserve' },
  data: {
    ingress: JSON.stringify({
      ingressDomain: settings.domain,
      additionalIngressDomains: settings.additionalDomains,
      domainTemplate: settings.domainTemplate,
      ...(settings.pathTemplate === undefined ? {} : { pathTemplate: settings.pathTemplate }),
      enableGatewayApi: settings.modes.includes('Standard'),
      kserveIngressGateway: 'kserve/kserve-ingress-gateway',
      modelBasedRoutingHeaderName: settings.modelHeader,
      loraModelRoutingStrategy: settings.loraStrategy,
    }),
  },
})

export const gatewayObject = ({ namespace, name, hostnames, address }: Gateway) => ({
  apiVersion: 'gateway.networking.k8s.io/v1',
  kind: 'Gateway',
  metadata: { namespace, name },
  spec: {
    gatewayClassName: 'istio',
    listeners: hostnames.map((hostname, index) => ({
      name: `l${index}`,
      port: 80,
      protocol: 'HTTP',
      ...(hostname === '*' ? {} : { hostname }),
    })),
  },
  status: { addresses: [{ value: address }] },
})

export const keySecret = ({ namespace, key }: Tenant) => ({
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: {
    name: 'key',
    namespace,
    labels: { 'kserve-authz.io/credential': 'api-key' },
  },
  data: { api_key: Buffer.from(key).toString('base64') },
})
