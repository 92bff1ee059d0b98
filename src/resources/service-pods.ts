// How KServe labels the pods of each kind of service.

import type { ServiceKind, ServiceRef } from '../access/service.ts'
import type { Component } from '../access/workload.ts'
import type { KubernetesObject, TextMap } from './object.ts'

/** The labels of a kind of service's pods, across versions of KServe. */
type PodLabels<K extends ServiceKind> = {
  readonly kind: K
  /** The label that names the service. */
  readonly name: string
  /** A further label of its pods, with its value. */
  readonly mark?: readonly [label: string, value: string]
  readonly componentOf: (labels: TextMap) => Component | undefined
}

/** A kind without an entry does not compile. */
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

/** The label selectors of the pods of all services. */
export const POD_SELECTORS: readonly string[] = Object.values(PODS).map(({ name, mark }) =>
  mark === undefined ? name : mark.join('='),
)

/** The labels that select pods of services, in policies: `component` is the label of predictors and the like. */
export const SERVICE_POD_LABELS: readonly string[] = [
  'component',
  ...Object.values(PODS).map(({ name, mark }) => mark?.[0] ?? name),
]

type NamedService = { readonly service: ServiceRef; readonly component: Component | undefined }

/** A label that is not text names a service that cannot exist, so nobody is admitted there. */
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
