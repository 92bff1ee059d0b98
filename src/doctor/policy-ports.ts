// Which ports of a pod the AuthorizationPolicies of the service check, and which of them use TLS.

import { parseJson } from '../common/json.ts'
import { type KubernetesObject, listAt, textAt, valueAt } from '../resources/object.ts'

/** Containers of KServe that answer requests for a model. */
const OF_MODELS: ReadonlySet<string> = new Set([
  'kserve-container',
  'transformer-container',
  'main',
])
/** Ports between the pods of one model, which the components of istio/components open. */
const BETWEEN_PODS: ReadonlySet<number> = new Set([5555, 5557, 5600, 6379])

type Named = { readonly port: number; readonly container: string }

/** The ports of a model that no policy checks. */
export const uncheckedPorts = (
  pod: KubernetesObject,
  policies: readonly KubernetesObject[],
): readonly Named[] =>
  containersOf(pod)
    .filter(([name]) => OF_MODELS.has(name))
    .flatMap(([container, content]) =>
      listAt(content, 'ports').flatMap((each) => {
        const port = valueAt(each, 'containerPort')
        return typeof port === 'number' && textAt(each, 'protocol') !== 'UDP'
          ? [{ port, container }]
          : []
      }),
    )
    .filter(({ port }) => !BETWEEN_PODS.has(port))
    .filter(({ port }) => !policies.some((policy) => checks(policy, port)))

/** The checked ports at which a container itself speaks TLS, by its probes. */
export const tlsPorts = (
  pod: KubernetesObject,
  policies: readonly KubernetesObject[],
): readonly number[] =>
  [...new Set([...probesOf(pod), ...rewrittenProbesOf(pod)].flatMap(tlsPortOf))].filter((port) =>
    policies.some((policy) => checks(policy, port)),
  )

/** A policy without `to` checks every port. */
const checks = ({ content }: KubernetesObject, port: number): boolean =>
  listAt(content, 'spec', 'rules').some((rule) => {
    const to = listAt(rule, 'to')
    return to.length === 0 || to.some((each) => isPortOf(valueAt(each, 'operation'), String(port)))
  })

function isPortOf(operation: unknown, port: string): boolean {
  const ports = listAt(operation, 'ports').map(String)
  const excluded = listAt(operation, 'notPorts').map(String)
  return (ports.length === 0 || ports.includes(port)) && !excluded.includes(port)
}

const containersOf = ({ content }: KubernetesObject): readonly (readonly [string, unknown])[] =>
  listAt(content, 'spec', 'containers').map((each) => [textAt(each, 'name') ?? '', each])

const PROBES = ['readinessProbe', 'livenessProbe', 'startupProbe']

const probesOf = (pod: KubernetesObject): readonly unknown[] =>
  containersOf(pod).flatMap(([, container]) =>
    PROBES.map((probe) => valueAt(container, probe, 'httpGet')),
  )

/** Istio moves the probes of a pod into a variable of its sidecar. */
function rewrittenProbesOf(pod: KubernetesObject): readonly unknown[] {
  const [, sidecar] = containersOf(pod).find(([name]) => name === 'istio-proxy') ?? []
  const text = listAt(sidecar, 'env')
    .filter((each) => textAt(each, 'name') === 'ISTIO_KUBE_APP_PROBERS')
    .map((each) => textAt(each, 'value') ?? '')[0]
  const probes = text === undefined ? undefined : parseJson(text)?.value
  return typeof probes === 'object' && probes !== null
    ? Object.values(probes).map((probe) => valueAt(probe, 'httpGet'))
    : []
}

function tlsPortOf(probe: unknown): readonly number[] {
  const port = valueAt(probe, 'port')
  return textAt(probe, 'scheme') === 'HTTPS' && typeof port === 'number' ? [port] : []
}
