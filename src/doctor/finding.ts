// The closed list of what the doctor can find.

/** `critical`: requests pass without a check. `error`: requests are refused. `warning`: neither yet. */
const SEVERITIES = ['critical', 'error', 'warning'] as const
type Severity = (typeof SEVERITIES)[number]

type Kind = {
  readonly severity: Severity
  /** What happens to requests. */
  readonly effect: string
}

/** By code. */
export const FINDINGS = {
  'pod-without-sidecar': {
    severity: 'critical',
    effect: 'Every pod of the cluster can call the model without a check.',
  },
  'pod-not-selected': {
    severity: 'critical',
    effect: 'Requests reach the model without a check.',
  },
  'ports-excluded': {
    severity: 'critical',
    effect: 'Requests to these ports reach the model without a check.',
  },
  'gateway-not-guarded': {
    severity: 'critical',
    effect: 'Requests through this Gateway reach pods without a sidecar unchecked.',
  },
  'check-replaced': {
    severity: 'critical',
    effect: 'Requests by this route are not checked.',
  },
  'waypoint-asks': {
    severity: 'critical',
    effect:
      'The service cannot find the model: it refuses requests, or checks those of another model.',
  },
  'fails-open': {
    severity: 'critical',
    effect: 'Every request is allowed while the service does not answer.',
  },
  'provider-missing': {
    severity: 'error',
    effect: 'Istio refuses every request: 403, RBAC: access denied.',
  },
  'second-provider': {
    severity: 'error',
    effect: 'Istio supports one provider for each workload, and refuses every request.',
  },
  'provider-unreachable': {
    severity: 'error',
    effect: 'The proxies cannot ask the service. Every request that needs a check is refused.',
  },
  'port-with-tls': {
    severity: 'error',
    effect: 'The check contains no HTTP request. Every connection to this port is refused.',
  },
  'tls-differs': {
    severity: 'error',
    effect:
      'The proxies cannot connect to the service. Every request that needs a check is refused.',
  },
  'port-closed': {
    severity: 'error',
    effect:
      'The proxies cannot connect to the service. Every request that needs a check is refused.',
  },
  'egress-closed': {
    severity: 'error',
    effect:
      'The service cannot read what it decides by. Requests are refused, at the latest after a restart.',
  },
  'service-hidden': {
    severity: 'error',
    effect: 'The proxies do not get the address of the service, and refuse every request.',
  },
  'policy-not-accepted': {
    severity: 'error',
    effect: 'Envoy Gateway does not apply this policy.',
  },
  'certificate-not-valid': {
    severity: 'error',
    effect: 'Proxies that verify the certificate refuse it, and every request that needs a check.',
  },
  'service-unavailable': {
    severity: 'error',
    effect: 'No replica is ready. Every request that needs a check is refused.',
  },
  'permission-missing': {
    severity: 'error',
    effect: 'The service cannot read or ask what it decides by. Requests are refused.',
  },
  'clock-differs': {
    severity: 'error',
    effect:
      'Good JWTs are refused before they expire or after they are issued, or are accepted for longer.',
  },
  'certificate-expires': {
    severity: 'warning',
    effect:
      'When it expires, proxies refuse the certificate, and every request that needs a check.',
  },
  'certificate-unreadable': {
    severity: 'warning',
    effect: 'A running replica keeps its last certificate. A new replica does not start.',
  },
  'filter-changes-check': {
    severity: 'warning',
    effect: 'Requests to the pods of this EnvoyFilter may not be checked.',
  },
  'sidecar-changed': {
    severity: 'warning',
    effect: 'Requests to this pod may not be checked.',
  },
  'policy-deletable': {
    severity: 'warning',
    effect: 'Users who may delete this policy can remove the check.',
  },
  'slow-timeout': {
    severity: 'warning',
    effect: 'A request waits this long while the service does not answer.',
  },
  'refused-with-403': {
    severity: 'warning',
    effect: 'An outage looks like a missing permission, and clients do not retry.',
  },
  'route-not-named': {
    severity: 'warning',
    effect: 'The service finds the model by host and path, not by the route that Envoy selected.',
  },
  'network-unknown': {
    severity: 'warning',
    effect: 'If the connection does not pass, requests are refused.',
  },
  'optional-permission-missing': {
    severity: 'warning',
    effect: 'Requests are checked. What needs the permission does not work.',
  },
  'own-clock-differs': {
    severity: 'warning',
    effect:
      'The doctor may judge certificates wrongly. A replica on this machine would judge JWTs wrongly.',
  },
  'one-replica': {
    severity: 'warning',
    effect: 'Requests are refused while the only replica restarts.',
  },
  'other-version': {
    severity: 'warning',
    effect: 'The doctor may know other rules than the service.',
  },
  'not-read': {
    severity: 'warning',
    effect: 'Findings that depend on these objects are missing.',
  },
} as const satisfies Readonly<Record<string, Kind>>

export type FindingCode = keyof typeof FINDINGS

export type DoctorFinding = {
  readonly code: FindingCode
  /** E.g. `InferenceService team/iris`. */
  readonly object: string
  readonly message: string
  /** What to do: a command, or a change of an object. */
  readonly remedy: string
}

/** The most severe first, then by code and object. */
export function mostSevereFirst(findings: readonly DoctorFinding[]): readonly DoctorFinding[] {
  const rank = ({ code }: DoctorFinding) => SEVERITIES.indexOf(FINDINGS[code].severity)
  const text = ({ code, object, message }: DoctorFinding) => `${code} ${object} ${message}`
  return findings.toSorted(
    (one, other) => rank(one) - rank(other) || (text(one) < text(other) ? -1 : 1),
  )
}
