// Evaluates NetworkPolicies of Kubernetes, as far as objects tell.

import { isWithin } from '../common/address-block.ts'
import { isRecord } from '../common/json.ts'
import {
  type KubernetesObject,
  listAt,
  type TextMap,
  textAt,
  valueAt,
} from '../resources/object.ts'
import { readSelector, type Selector, selects } from '../resources/selector.ts'
import type { Objects } from './objects.ts'

/** An end of a connection. */
export type Endpoint =
  | {
      readonly kind: 'pod'
      readonly namespace: string
      readonly labels: TextMap
      /** None: not known. */
      readonly addresses: readonly string[]
      /** Whether it has the addresses of its node: it depends on the network plugin what selects it. */
      readonly hostNetwork: boolean
      /** By name. */
      readonly ports: ReadonlyMap<string, number>
    }
  | { readonly kind: 'address'; readonly address: string }
  /** Outside the cluster, at an address that is not known. */
  | { readonly kind: 'anywhere' }

export type Pod = Extract<Endpoint, { kind: 'pod' }>

type Port = { readonly number: number; readonly protocol: 'TCP' | 'UDP' }

export type Verdict =
  | { readonly is: 'admitted' }
  /** By a policy that selects the pod: no policy admits it. */
  | { readonly is: 'refused' | 'unknown'; readonly policy: KubernetesObject }

export type NetworkPolicies = {
  /** Whether any policy limits the pod in this direction. */
  readonly limits: (pod: Pick<Pod, 'namespace' | 'labels'>, direction: Direction) => boolean
  /** Whether a pod may accept a connection, or open one. */
  readonly judge: (pod: Pod, direction: Direction, other: Endpoint, port: Port) => Verdict
}

type Direction = 'Ingress' | 'Egress'

type Policy = {
  readonly object: KubernetesObject
  readonly selector: Selector
  readonly directions: ReadonlySet<Direction>
}

/** `undefined`: not known. */
type Known = boolean | undefined

const ADMITTED: Verdict = { is: 'admitted' }
/** The label of every Namespace, with its name. */
const NAME = 'kubernetes.io/metadata.name'

export function createNetworkPolicies({ of }: Objects): NetworkPolicies {
  const policies = Map.groupBy(
    of('NetworkPolicy').flatMap(readPolicy),
    (each) => each.object.namespace,
  )
  // A file of a Namespace lacks the label that the API server adds.
  const namespaces = new Map(
    of('Namespace').map(({ name, labels }) => [name, new Map([...labels, [NAME, name]])]),
  )

  const limiting = (
    { namespace, labels }: Pick<Pod, 'namespace' | 'labels'>,
    direction: Direction,
  ) =>
    (policies.get(namespace) ?? []).filter(
      ({ selector, directions }) => directions.has(direction) && selects(selector, labels),
    )

  return {
    limits: (pod, direction) => limiting(pod, direction).length > 0,
    judge: (pod, direction, other, port) => {
      const selecting = limiting(pod, direction)
      const [first] = selecting
      if (first === undefined) return ADMITTED
      const destination = direction === 'Ingress' ? pod : other
      const answers = selecting.map(({ object }) => ({
        policy: object,
        admits: anyOf(rulesOf(object, direction), (rule) =>
          bothOf(
            admitsPort(rule, destination, port),
            admitsPeer(
              listAt(rule, direction === 'Ingress' ? 'from' : 'to'),
              other,
              object.namespace,
            ),
          ),
        ),
      }))
      if (answers.some(({ admits }) => admits === true)) return ADMITTED
      const unknown = answers.find(({ admits }) => admits === undefined)
      return unknown === undefined
        ? { is: 'refused', policy: first.object }
        : { is: 'unknown', policy: unknown.policy }
    },
  }

  /** An absent or empty list admits every peer. */
  function admitsPeer(peers: readonly unknown[], other: Endpoint, home: string): Known {
    return peers.length === 0 ? true : anyOf(peers, (peer) => isPeer(peer, other, home))
  }

  function isPeer(peer: unknown, other: Endpoint, home: string): Known {
    const block = valueAt(peer, 'ipBlock')
    if (block !== undefined) return isInBlock(block, other)
    if (other.kind === 'address') return false
    if (other.kind === 'anywhere') return undefined
    const selected = bothOf(
      isInNamespace(valueAt(peer, 'namespaceSelector'), other, home),
      hasLabels(valueAt(peer, 'podSelector'), other.labels),
    )
    return other.hostNetwork && selected === true ? undefined : selected
  }

  function isInNamespace(written: unknown, { namespace }: Pod, home: string): Known {
    if (!isRecord(written)) return namespace === home
    const labels = namespaces.get(namespace)
    if (labels !== undefined) return hasLabels(written, labels)
    const selector = selectorIn(written)
    return selector?.every(({ label }) => label === NAME)
      ? selects(selector, new Map([[NAME, namespace]]))
      : undefined
  }
}

function readPolicy(object: KubernetesObject): readonly Policy[] {
  const selector = readSelector(valueAt(object.content, 'spec', 'podSelector') ?? {})
  const types = listAt(object.content, 'spec', 'policyTypes')
  const hasEgress = listAt(object.content, 'spec', 'egress').length > 0
  const directions = new Set<Direction>([
    ...(types.length === 0 || types.includes('Ingress') ? (['Ingress'] as const) : []),
    ...(types.includes('Egress') || (types.length === 0 && hasEgress) ? (['Egress'] as const) : []),
  ])
  return selector === undefined ? [] : [{ object, selector, directions }]
}

const rulesOf = ({ content }: KubernetesObject, direction: Direction): readonly unknown[] =>
  listAt(content, 'spec', direction === 'Ingress' ? 'ingress' : 'egress')

const selectors = new WeakMap<object, Selector | 'unreadable'>()

function selectorIn(written: object): Selector | undefined {
  const known = selectors.get(written) ?? readSelector(written) ?? 'unreadable'
  selectors.set(written, known)
  return known === 'unreadable' ? undefined : known
}

/** An absent selector selects everything. */
function hasLabels(written: unknown, labels: TextMap): Known {
  if (written === undefined) return true
  const selector = isRecord(written) ? selectorIn(written) : undefined
  return selector === undefined ? undefined : selects(selector, labels)
}

function isInBlock(block: unknown, other: Endpoint): Known {
  const cidr = textAt(block, 'cidr') ?? ''
  const except = listAt(block, 'except').map(String)
  if (other.kind === 'anywhere')
    return cidr.endsWith('/0') && except.length === 0 ? true : undefined
  const addresses = other.kind === 'pod' ? other.addresses : [other.address]
  if (addresses.length === 0) return undefined
  return addresses.some(
    (address) => isWithin(address, cidr) && !except.some((excepted) => isWithin(address, excepted)),
  )
}

/** An absent or empty list admits every port. */
function admitsPort(rule: unknown, destination: Endpoint, { number, protocol }: Port): Known {
  const ports = listAt(rule, 'ports')
  if (ports.length === 0) return true
  return anyOf(ports, (entry) => {
    if ((textAt(entry, 'protocol') ?? 'TCP') !== protocol) return false
    const port = valueAt(entry, 'port')
    if (port === undefined) return true
    if (typeof port === 'string')
      return destination.kind === 'pod' ? destination.ports.get(port) === number : undefined
    const last = valueAt(entry, 'endPort') ?? port
    return typeof port === 'number' && typeof last === 'number' && port <= number && number <= last
  })
}

function anyOf<Each>(list: readonly Each[], holds: (each: Each) => Known): Known {
  const answers = list.map(holds)
  if (answers.includes(true)) return true
  return answers.includes(undefined) ? undefined : false
}

const bothOf = (one: Known, other: Known): Known =>
  one === false || other === false ? false : one === true && other === true ? true : undefined
