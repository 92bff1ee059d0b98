// Examines whether NetworkPolicies let proxies reach the service, and the service what it reads.

import {
  displayNameOf,
  type KubernetesObject,
  listAt,
  textAt,
  valueAt,
} from '../resources/object.ts'
import { type AskingProxy, containerPort, replicaPodsOf } from './connections.ts'
import type { DoctorFinding } from './finding.ts'
import type { Endpoint, NetworkPolicies, Pod, Verdict } from './network-policies.ts'
import type { Objects } from './objects.ts'

/** Something outside that the service reads, such as keys of an identity provider. */
export type Outside = { readonly name: string; readonly port: number }

type Parts = {
  readonly objects: Objects
  readonly networkPolicies: NetworkPolicies
  readonly asking: readonly AskingProxy[]
  readonly outside: readonly Outside[]
}

export const inspectNetwork = (parts: Parts): readonly DoctorFinding[] =>
  replicaPodsOf(parts.objects).flatMap((replica) => [
    ...inspectAsking(replica, parts),
    ...inspectReading(replica, parts),
  ])

/** One finding for each policy and port, with the first of its proxies. */
function inspectAsking(
  replica: Pod,
  { objects, networkPolicies: { judge }, asking }: Parts,
): readonly DoctorFinding[] {
  const found = new Map<string, { readonly finding: DoctorFinding; count: number }>()
  const service = `the pods of kserve-authz in namespace ${replica.namespace}`
  for (const { name, pod, port } of asking) {
    const target = { number: containerPort(objects, replica, port), protocol: 'TCP' } as const
    const about = { what: `${name} from port ${target.number} of ${service}` }
    for (const finding of [
      ...findingOf(judge(replica, 'Ingress', pod, target), {
        ...about,
        code: 'port-closed',
        remedy: () => 'kubectl apply -f deploy/network-policy/network-policy.yaml',
      }),
      ...findingOf(judge(pod, 'Egress', replica, target), {
        ...about,
        code: 'port-closed',
        remedy: (policy) => `${edit(policy)}: add egress to namespace ${replica.namespace}.`,
      }),
    ]) {
      const key = `${finding.code} ${finding.object} ${target.number}`
      const known = found.get(key)
      if (known === undefined) found.set(key, { finding, count: 1 })
      else known.count += 1
    }
  }
  return [...found.values()].map(({ finding, count }) =>
    count === 1 ? finding : { ...finding, message: `${finding.message} (and ${count - 1} more)` },
  )
}

const edit = ({ namespace, name }: KubernetesObject) =>
  `kubectl -n ${namespace} edit networkpolicy ${name}`

/** What the service reads. */
function inspectReading(
  replica: Pod,
  { objects, networkPolicies, outside }: Parts,
): readonly DoctorFinding[] {
  if (!networkPolicies.limits(replica, 'Egress')) return []
  const judge = (endpoint: Endpoint, number: number, protocol: 'TCP' | 'UDP' = 'TCP') =>
    networkPolicies.judge(replica, 'Egress', endpoint, { number, protocol })
  const targets = [
    ...apiServers(objects).map(({ endpoint, port }) => ({
      name: `the API server, port ${port}`,
      verdict: inDoubt(judge(endpoint, port), () =>
        inCluster(objects).some((each) => judge(each.endpoint, each.port).is === 'admitted'),
      ),
    })),
    ...outside.map(({ name, port }) => ({
      name: `${name}, port ${port}`,
      verdict: judge(ANYWHERE, port),
    })),
    // A policy usually admits the pods of DNS, whose labels are not known here.
    ...(outside.length === 0
      ? []
      : [{ name: 'DNS, port 53', verdict: judge(ANYWHERE, 53, 'UDP') }]
    ).filter(({ verdict }) => verdict.is === 'refused'),
  ]
  return targets.flatMap(({ name, verdict }) =>
    findingOf(verdict, {
      what: `the service from ${name}`,
      code: 'egress-closed',
      remedy: (policy) => `${edit(policy)}: add egress to ${name}.`,
    }),
  )
}

const ANYWHERE: Endpoint = { kind: 'anywhere' }

/** Some network plugins look at the address of a Service, others at those behind it. */
const inDoubt = (verdict: Verdict, isAdmitted: () => boolean): Verdict =>
  verdict.is === 'refused' && isAdmitted() ? { ...verdict, is: 'unknown' } : verdict

/** The address of the API server's Service. */
const inCluster = ({ of }: Objects): readonly Target[] =>
  of('Service')
    .filter(({ namespace, name }) => namespace === 'default' && name === 'kubernetes')
    .flatMap(({ content }) =>
      listAt(content, 'spec', 'ports').flatMap((each) => {
        const [address, port] = [textAt(content, 'spec', 'clusterIP'), valueAt(each, 'port')]
        return address !== undefined && typeof port === 'number'
          ? [{ endpoint: { kind: 'address', address } as const, port }]
          : []
      }),
    )

type Target = { readonly endpoint: Endpoint; readonly port: number }

/** Its addresses; one that is not known, if they are not. */
function apiServers({ of }: Objects): readonly Target[] {
  const found = of('EndpointSlice')
    .filter(({ namespace, labels }) => namespace === 'default' && labels.get(OF) === 'kubernetes')
    .flatMap(({ content }) =>
      listAt(content, 'endpoints')
        .flatMap((each) => listAt(each, 'addresses').map(String))
        .flatMap((address) =>
          listAt(content, 'ports').flatMap((each) => {
            const port = valueAt(each, 'port')
            return typeof port === 'number' ? [{ kind: 'address', address, port } as const] : []
          }),
        ),
    )
  return found.length === 0
    ? [{ endpoint: ANYWHERE, port: 443 }]
    : found.map(({ port, ...endpoint }) => ({ endpoint, port }))
}

const OF = 'kubernetes.io/service-name'

type About = {
  readonly what: string
  readonly code: 'port-closed' | 'egress-closed'
  readonly remedy: (policy: KubernetesObject) => string
}

function findingOf(verdict: Verdict, { what, code, remedy }: About): readonly DoctorFinding[] {
  if (verdict.is === 'admitted') return []
  const { is, policy } = verdict
  return [
    is === 'refused'
      ? { code, object: displayNameOf(policy), message: `it keeps ${what}`, remedy: remedy(policy) }
      : {
          code: 'network-unknown',
          object: displayNameOf(policy),
          message: `it may keep ${what}: its selectors and addresses do not tell`,
          remedy: `Try the connection, and compare: ${remedy(policy)}`,
        },
  ]
}
