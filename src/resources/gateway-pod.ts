import type { GatewayName, GatewayProxy } from '../access/asking.ts'
import { canonicalAddress } from '../common/address.ts'
import { isSubdomainName, type KubernetesObject } from './object.ts'
import type { DeclaredProxy, ReadSettings } from './read-settings.ts'

/** On the pods of a Gateway, in its namespace. */
const GATEWAY_NAME = 'gateway.networking.k8s.io/gateway-name'
/** Envoy Gateway's, on pods in a namespace of its own. */
const OWNING_NAME = 'gateway.envoyproxy.io/owning-gateway-name'
const OWNING_NAMESPACE = 'gateway.envoyproxy.io/owning-gateway-namespace'

/** The labels that a pod of a gateway has. */
export const GATEWAY_LABELS: readonly string[] = [GATEWAY_NAME, OWNING_NAME]

/**
 * The gateways that a pod is the proxy of, by what the installation says, else by its labels. A label names
 * gateways of the pod's own namespace only, since a tenant may write it; in the namespaces of gateway
 * controllers it names others, too.
 */
export function gatewaysOfPod(
  { namespace, labels }: Pick<KubernetesObject, 'namespace' | 'labels'>,
  { gateways }: Pick<ReadSettings, 'gateways'>,
): readonly GatewayName[] {
  const declared = (gateways?.proxies ?? []).filter(
    (proxy) =>
      proxy.namespace === namespace &&
      Object.entries(proxy.podLabels ?? {}).every(([key, value]) => labels.get(key) === value),
  )
  if (declared.length > 0) return [...new Set(declared.flatMap((proxy) => proxy.gateways))]
  const name = labels.get(GATEWAY_NAME)
  const owner = labels.get(OWNING_NAME)
  const ownerNamespace = labels.get(OWNING_NAMESPACE) ?? ''
  const believed =
    ownerNamespace === namespace || gateways?.controllerNamespaces?.includes(namespace) === true
  const named = [
    ...(labels.has(OWNING_NAME) ? [believed ? nameOf(ownerNamespace, owner) : undefined] : []),
    ...(labels.has(GATEWAY_NAME) && !labels.has(OWNING_NAME) ? [nameOf(namespace, name)] : []),
  ]
  return named.flatMap((each) => each ?? [])
}

/** On the pods that Istio makes for a Gateway. */
const MANAGED = 'gateway.istio.io/managed'

export const isIstio = ({ labels }: Pick<KubernetesObject, 'labels'>): boolean =>
  labels.has(MANAGED) && !labels.has(OWNING_NAME)

const nameOf = (namespace: string, name = ''): GatewayName | undefined =>
  isSubdomainName(namespace) && isSubdomainName(name) ? `${namespace}/${name}` : undefined

/** The gateways of the addresses that the installation names. */
export function declaredProxies(proxies: readonly DeclaredProxy[]): readonly GatewayProxy[] {
  return proxies.map(({ addresses = [], gateways }) => ({
    addresses: addresses.flatMap((address) => canonicalAddress(address) ?? []),
    gateways,
  }))
}
