import { at, entriesAt, listAt, textAt } from '../json.ts'
import { idOf, type Snapshot } from './snapshot.ts'

const SERVICES: ReadonlySet<string> = new Set([
  'InferenceService',
  'InferenceGraph',
  'LLMInferenceService',
])

/** The services that own the pods behind those backends of a rule that receive requests. */
export const backendsOf = (
  snapshot: Snapshot,
  route: unknown,
  rule: unknown,
): readonly string[] => [
  ...new Set(
    listAt(rule, 'backendRefs')
      .filter((ref) => (at(ref, 'weight') ?? 1) !== 0)
      .flatMap((ref) =>
        ownersBehind(
          snapshot,
          textAt(ref, 'kind') || 'Service',
          textAt(ref, 'namespace') || textAt(route, 'metadata', 'namespace'),
          textAt(ref, 'name'),
        ),
      ),
  ),
]

/** The services that own the pods of a Kubernetes Service or an InferencePool. */
export function ownersBehind(
  snapshot: Snapshot,
  kind: string,
  namespace: string,
  name: string,
): readonly string[] {
  const pool = kind === 'InferencePool'
  const backend = (pool ? snapshot.inferencePools : snapshot.services).find(
    (each) =>
      textAt(each, 'metadata', 'namespace') === namespace &&
      textAt(each, 'metadata', 'name') === name,
  )
  const external = textAt(backend, 'spec', 'externalName').split('.')
  if (external.length > 1) {
    return ownersBehind(snapshot, 'Service', external[1] ?? '', external[0] ?? '')
  }
  const selector = pool
    ? entriesAt(backend, 'spec', 'selector', 'matchLabels')
    : entriesAt(backend, 'spec', 'selector')
  if (selector.length === 0) return []
  const owners = snapshot.pods
    .filter(
      (pod) =>
        textAt(pod, 'metadata', 'namespace') === namespace &&
        selector.every(([label, value]) => at(pod, 'metadata', 'labels', label) === value),
    )
    .flatMap((pod) => ownerOf(snapshot, pod) ?? [])
  return [...new Set(owners)]
}

/** Follows the owners of a pod; `undefined`: it belongs to no service. */
export function ownerOf(snapshot: Snapshot, object: unknown): string | undefined {
  if (SERVICES.has(textAt(object, 'kind'))) return idOf(object)
  const uid = textAt(
    listAt(object, 'metadata', 'ownerReferences').find((ref) => at(ref, 'controller') === true),
    'uid',
  )
  const owner = [
    ...snapshot.owners,
    ...snapshot.inferenceServices,
    ...snapshot.inferenceGraphs,
    ...snapshot.llmInferenceServices,
  ].find((each) => textAt(each, 'metadata', 'uid') === uid)
  return uid === '' || owner === undefined ? undefined : ownerOf(snapshot, owner)
}
