import type { ServiceKind, ServiceRef } from '../access/service.ts'
import type { Component } from '../access/workload.ts'
import type { KubernetesObject, TextMap } from './object.ts'

/** How KServe labels the pods of a kind of service, in any version of it. */
type PodLabels<K extends ServiceKind> = {
  readonly kind: K
  /** Of the label that names the service. */
  readonly name: string
  /** A further label that its pods have, with its value. */
  readonly mark?: readonly [label: string, value: string]
  readonly componentOf: (labels: TextMap) => Component | undefined
}

/** A kind that is not here does not compile. */
const PODS: { readonly [K in ServiceKind]: PodLabels<K> } = {
  InferenceService: {
    kind: 'InferenceService',
    name: 'serving.kserve.io/inferenceservice',
    componentOf: (labels) => componentIn(labels.get('component')),
  },
  InferenceGraph: {
    kind: 'InferenceGraph',
    name: 'serving.kserve.io/inferencegraph',
    componentOf: () => 'graph',
  },
  LLMInferenceService: {
    kind: 'LLMInferenceService',
    name: 'app.kubernetes.io/name',
    mark: ['app.kubernetes.io/part-of', 'llminferenceservice'],
    componentOf: () => 'llm',
  },
}

/** The label selectors that find the pods of all services. */
export const POD_SELECTORS: readonly string[] = Object.values(PODS).map(({ name, mark }) =>
  mark === undefined ? name : mark.join('='),
)

type NamedService = { readonly service: ServiceRef; readonly component: Component | undefined }

/** A label that is no text names a service that cannot be: nobody is let in there. */
export function servicesOfPod({ namespace, labels }: KubernetesObject): readonly NamedService[] {
  return Object.values(PODS).flatMap(({ kind, name, mark, componentOf }) => {
    if (!labels.has(name) || (mark !== undefined && labels.get(mark[0]) !== mark[1])) return []
    const service = { kind, namespace, name: labels.get(name) ?? '' }
    return [{ service, component: componentOf(labels) }]
  })
}

function componentIn(label: string | undefined): Component | undefined {
  switch (label) {
    case 'predictor':
    case 'transformer':
    case 'explainer':
      return label
    default:
      return undefined
  }
}
