// The Kubernetes objects that the doctor examines.

import { isSubdomainName, type KubernetesObject, readObject, textAt } from '../resources/object.ts'

/** The kinds of the doctor, with their API groups. */
export const EXAMINED = {
  InferenceService: 'serving.kserve.io',
  InferenceGraph: 'serving.kserve.io',
  LLMInferenceService: 'serving.kserve.io',
  AccessPolicy: 'kserve-authz.io',
  Pod: '',
  Service: '',
  ConfigMap: '',
  Secret: '',
  Deployment: 'apps',
  Lease: 'coordination.k8s.io',
  Namespace: '',
  EndpointSlice: 'discovery.k8s.io',
  NetworkPolicy: 'networking.k8s.io',
  AuthorizationPolicy: 'security.istio.io',
  Sidecar: 'networking.istio.io',
  EnvoyFilter: 'networking.istio.io',
  Gateway: 'gateway.networking.k8s.io',
  HTTPRoute: 'gateway.networking.k8s.io',
  GRPCRoute: 'gateway.networking.k8s.io',
  BackendTLSPolicy: 'gateway.networking.k8s.io',
  SecurityPolicy: 'gateway.envoyproxy.io',
} as const

export type ExaminedKind = keyof typeof EXAMINED

/** The label of the objects of this service. */
export const OWN_LABEL = ['app.kubernetes.io/name', 'kserve-authz'] as const

export type Objects = {
  readonly of: (kind: ExaminedKind) => readonly KubernetesObject[]
  /** The kinds that could not be listed, and why. */
  readonly unread: ReadonlyMap<string, string>
}

const isExamined = (kind: string | undefined): kind is ExaminedKind =>
  kind !== undefined && Object.hasOwn(EXAMINED, kind)

/** Sorts objects by kind. Ignores other kinds, and objects without a valid name. */
export function objectsFrom(
  contents: Iterable<unknown>,
  unread: ReadonlyMap<string, string> = new Map(),
): Objects {
  const byKind = new Map<ExaminedKind, KubernetesObject[]>()
  for (const content of contents) {
    const kind = textAt(content, 'kind')
    const [group = '', version] = (textAt(content, 'apiVersion') ?? '').split('/')
    if (!isExamined(kind) || EXAMINED[kind] !== (version === undefined ? '' : group)) continue
    const object = readObject(kind, { ...fieldsOf(content) }, NAMESPACED)
    if (typeof object === 'string') continue
    const known = byKind.get(kind)
    if (known === undefined) byKind.set(kind, [object])
    else known.push(object)
  }
  return { of: (kind) => byKind.get(kind) ?? [], unread }
}

const NAMESPACED = { namespaced: true, isName: isSubdomainName }

const fieldsOf = (content: unknown) =>
  typeof content === 'object' && content !== null ? content : {}

/** This service's own objects of a kind. */
export const ownObjects = ({ of }: Objects, kind: ExaminedKind): readonly KubernetesObject[] =>
  of(kind).filter(({ labels }) => labels.get(OWN_LABEL[0]) === OWN_LABEL[1])
