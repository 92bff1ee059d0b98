import type { Asking } from './asking.ts'
import type { Service } from './service.ts'

/** How gateways choose a route, as far as it depends on the installation. */
export type Gateways = {
  /** Whether LLMInferenceServices answer by path or model header at this host, besides those of their status. */
  readonly isLlmHost: (host: string) => boolean
  /** `compared`: a gateway that does not ignore the port takes `host:port` for another host. */
  readonly hostPort: 'ignored' | 'compared'
  /**
   * Whether a protected LLMInferenceService whose status names no host yet answers on every host that no
   * other service has. KServe's status always names one once there is a route.
   */
  readonly unpublishedLlms: boolean
  /** The gateways that ask where their address does not say; absent: any. */
  readonly asking?: Asking | undefined
  /** The gateways that ask from an address, as far as the installation says. */
  readonly askingAt?: ((address: string) => Asking | undefined) | undefined
}

/** Reads hosts of the form `host`, or `*.domain` for every name below the domain. */
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
 * Whether gateways are known to route this host to an LLMInferenceService. It is claimed by path or header
 * on whichever host a client writes; on a host that is not its own it may refuse, and never lets pass.
 */
export function answersAt(host: string, service: Service, gateways: Gateways): boolean {
  const { hosts = [], protection, shadow = false } = service
  if (hosts.includes(host) || gateways.isLlmHost(host)) return true
  const unpublished = gateways.unpublishedLlms && hosts.length === 0
  return unpublished && protection === 'protected' && !shadow
}
