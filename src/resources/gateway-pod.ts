// The gateways that a pod is the proxy of.

import type { GatewayName, GatewayProxy } from '../access/asking.ts'
import { canonicalAddress } from '../common/address.ts'
import { hasAllLabels } from '../common/labels.ts'
import { isSubdomainName, type KubernetesObject } from './object.ts'
import type { DeclaredProxy, ReadSettings } from './read-settings.ts'

/** The label of a Gateway's pods, in its namespace. */
const GATEWAY_NAME = 'gateway.networking.k8s.io/gateway-name'
/** The labels of Envoy Gateway's pods, in the controller's namespace. */
const OWNING_NAME = 'gateway.envoyproxy.io/owning-gateway-name'
const OWNING_NAMESPACE = 'gateway.envoyproxy.io/owning-gateway-namespace'

/** The labels that select pods of gateways. */
export const GATEWAY_LABELS: readonly string[] = [GATEWAY_NAME, OWNING_NAME]

/**
 * The gateways that a pod is the proxy of: by the configuration, otherwise by its labels. A tenant may write
 * labels, so they name gateways of the pod's own namespace only, except in the namespaces of gateway
 * controllers.
 */
export function gatewaysOfPod(
  { namespace, labels }: Pick<KubernetesObject, 'namespace' | 'labels'>,
  { gateways }: Pick<ReadSettings, 'gateways'>,
): Pick<GatewayProxy, 'gateways' | 'declared'> {
  const declared = (gateways?.proxies ?? []).filter(
    (proxy) =>
      proxy.namespace === namespace && hasAllLabels(labels, Object.entries(proxy.podLabels ?? {})),
  )
  if (declared.length > 0) {
    return { gateways: [...new Set(declared.flatMap((proxy) => proxy.gateways))], declared: true }
  }
  const name = labels.get(GATEWAY_NAME)
  const owner = labels.get(OWNING_NAME)
  const ownerNamespace = labels.get(OWNING_NAMESPACE) ?? ''
  const believed =
    ownerNamespace === namespace || gateways?.controllerNamespaces?.includes(namespace) === true
  const named = [
    ...(labels.has(OWNING_NAME) ? [believed ? nameOf(ownerNamespace, owner) : undefined] : []),
    ...(labels.has(GATEWAY_NAME) && !labels.has(OWNING_NAME) ? [nameOf(namespace, name)] : []),
  ]
  return { gateways: named.flatMap((each) => each ?? []) }
}

/** The label of pods that Istio creates for a Gateway. */
const MANAGED = 'gateway.istio.io/managed'

export const isIstio = ({ labels }: Pick<KubernetesObject, 'labels'>): boolean =>
  labels.has(MANAGED) && !labels.has(OWNING_NAME)

const nameOf = (namespace: string, name = ''): GatewayName | undefined =>
  isSubdomainName(namespace) && isSubdomainName(name) ? `${namespace}/${name}` : undefined

/** The proxies that the configuration names by address. */
export function declaredProxies(proxies: readonly DeclaredProxy[]): readonly GatewayProxy[] {
  return proxies.map(({ addresses = [], gateways }) => ({
    addresses: addresses.flatMap((address) => canonicalAddress(address) ?? []),
    gateways,
  }))
}
