// The installation's settings of gateways, and host patterns.

import type { Asking } from './asking.ts'
import type { AccessRequest } from './request.ts'
import type { Service } from './service.ts'

/** How gateways select a route, as far as the installation configures it. */
export type Gateways = {
  /** Whether LLMInferenceServices answer at this host by path or model header, besides the hosts of their status. */
  readonly isLlmHost: (host: string) => boolean
  /** `compared`: the gateway treats `host:port` as a host of its own. */
  readonly hostPort: 'ignored' | 'compared'
  /**
   * Whether a protected LLMInferenceService without a host in its status answers on every host that no other
   * service has. KServe's status always has a host once there is a route.
   */
  readonly unpublishedLlms: boolean
  /** The gateways to assume if the address does not identify one; absent: any. */
  readonly asking?: Asking | undefined
  /** The configured gateways of an address. */
  readonly askingAt?: ((address: string) => Asking | undefined) | undefined
}

/** Matches hosts of the form `host`, or `*.domain` for every name below the domain. */
export function hostMatcher(entries: readonly string[]): (host: string) => boolean {
  const known = new Set(entries)
  return (host) => {
    if (known.size === 0) return false
    if (known.has(host)) return true
    for (let dot = host.indexOf('.'); dot >= 0; dot = host.indexOf('.', dot + 1)) {
      if (known.has(`*${host.slice(dot)}`)) return true
    }
    return false
  }
}

/**
 * Whether gateways are known to route this host to an LLMInferenceService. Its path and header routes match
 * any host that a client sends; on a host that is not its own it may deny, and never allows.
 */
export function answersAt(host: string, service: Service, gateways: Gateways): boolean {
  const { hosts = [], protection, shadow = false } = service
  if (hosts.includes(host) || gateways.isLlmHost(host)) return true
  const unpublished = gateways.unpublishedLlms && hosts.length === 0
  return unpublished && protection === 'protected' && !shadow
}

/**
 * Whether the proxy may read the authority as a host other than `host`. Envoy compares virtual hosts
 * case-insensitively, and without the port if `ignore_port_in_host_matching` is set, as Istio and Envoy
 * Gateway do. It keeps a trailing dot unless `strip_trailing_host_dot` is set; neither sets it.
 */
export const namesOtherHost = (
  { absoluteHost = false, hostPort }: AccessRequest,
  { hostPort: port }: Gateways,
): boolean => absoluteHost || (port === 'compared' && hostPort !== undefined)
