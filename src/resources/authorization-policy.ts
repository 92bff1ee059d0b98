// Reads AuthorizationPolicies of Istio with the action CUSTOM, and what they select.

import { hasAllLabels } from '../common/labels.ts'
import { type KubernetesObject, listAt, type TextMap, textAt, textMapAt } from './object.ts'
import { SERVICE_POD_LABELS } from './service-pods.ts'
import { readTargets } from './target-refs.ts'

/** An AuthorizationPolicy with the action CUSTOM. */
export type CustomPolicy = {
  readonly namespace: string
  readonly name: string
  readonly provider: string
  /** Whether it has the label of this project's own policies. */
  readonly ours: boolean
  readonly labels: TextMap
  /** `kind name` of its targets; none: it selects pods. */
  readonly targets: ReadonlySet<string>
}

/** Istio's own, unless the mesh names another. */
export const DEFAULT_ROOT_NAMESPACE = 'istio-system'

/** The namespace whose policies select pods of every namespace. */
type Root = { readonly rootNamespace: string }

/** Istio refuses every request if the mesh does not have the provider, so such a policy guards, too. */
export const isNamedOurs = (provider: string): boolean => provider.startsWith('kserve-authz')

/** Whether its provider leads to this service: by the name, or because it is one of this project's own policies. */
export const isOurs = ({ provider, ours }: CustomPolicy): boolean => isNamedOurs(provider) || ours

/** `undefined`: another action, or no rules, so that it matches no request. */
export function readCustomPolicy({
  namespace,
  name,
  labels,
  content,
}: KubernetesObject): CustomPolicy | undefined {
  if (textAt(content, 'spec', 'action') !== 'CUSTOM') return undefined
  if (listAt(content, 'spec', 'rules').length === 0) return undefined
  return {
    namespace,
    name,
    provider: textAt(content, 'spec', 'provider', 'name') ?? '',
    ours: labels.get('app.kubernetes.io/part-of') === 'kserve-authz',
    labels: textMapAt(content, 'spec', 'selector', 'matchLabels') ?? new Map(),
    targets: readTargets(content),
  }
}

/** A policy of the root namespace selects pods of every namespace. */
export function selectsPod(
  policy: CustomPolicy,
  pod: Pick<KubernetesObject, 'namespace' | 'labels'>,
  { rootNamespace }: Root,
): boolean {
  const { namespace } = policy
  return (namespace === rootNamespace || namespace === pod.namespace) && hasLabels(policy, pod)
}

/** Whether it selects pods with these labels, in some namespaces. */
export const hasLabels = (
  { labels, targets }: CustomPolicy,
  pod: Pick<KubernetesObject, 'labels'>,
): boolean => targets.size === 0 && hasAllLabels(pod.labels, labels)

/** Whether it selects the Gateway, or may select its pods, whose labels are not known. */
export function maySelectGateway(
  policy: CustomPolicy,
  { namespace, name }: Pick<KubernetesObject, 'namespace' | 'name'>,
  rootNamespace: string | undefined,
): boolean {
  if (policy.targets.size > 0)
    return policy.namespace === namespace && policy.targets.has(`Gateway ${name}`)
  const isThere = [namespace, rootNamespace].includes(policy.namespace)
  const named = policy.labels.get('gateway.networking.k8s.io/gateway-name')
  return isThere && (named === undefined ? maySelectGateways(policy) : named === name)
}

/** Whether it is at a Gateway, or may select the pods of one: those of services have other labels. */
export const maySelectGateways = ({ labels, targets }: CustomPolicy): boolean =>
  targets.size > 0
    ? [...targets].some((target) => target.startsWith('Gateway '))
    : !SERVICE_POD_LABELS.some((label) => labels.has(label))
