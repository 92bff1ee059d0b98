import type { Component } from '../../src/access/workload.ts'

type Labels = Readonly<Record<string, string>>

const llm = (component: string, more: Labels = {}): Labels => ({
  'app.kubernetes.io/name': 'llama',
  'app.kubernetes.io/part-of': 'llminferenceservice',
  'app.kubernetes.io/component': component,
  ...more,
})

const serving = (role: string): Labels => ({
  'kserve.io/component': 'workload',
  'llm-d.ai/role': role,
})

const knative = (name: string): Labels => ({
  'serving.knative.dev/service': name,
  'serving.knative.dev/configuration': name,
  'serving.knative.dev/revision': `${name}-00001`,
})

const model = (component: Component): Labels => ({
  'serving.kserve.io/inferenceservice': 'iris',
  component,
})

/** Labels of KServe's pods that answer requests, and the kinds of these pods. */
export const SERVING_PODS: readonly (readonly [title: string, Component, Labels])[] = [
  ...(['predictor', 'transformer', 'explainer'] as const).flatMap((component) => [
    [
      `${component}, Knative`,
      component,
      { ...model(component), ...knative(`iris-${component}`) },
    ] as const,
    [
      `${component}, Standard`,
      component,
      { ...model(component), app: `isvc.iris-${component}` },
    ] as const,
  ]),
  [
    'InferenceGraph, Knative',
    'graph',
    {
      'serving.kserve.io/inferencegraph': 'chain',
      'serving.kserve.io/kind': 'InferenceGraph',
      ...knative('chain'),
    },
  ],
  [
    'InferenceGraph, Standard, with a label set by its owner',
    'graph',
    {
      'serving.kserve.io/inferencegraph': 'chain',
      'serving.kserve.io/kind': 'InferenceGraph',
      app: 'isvc.chain',
    },
  ],
  ['LLM', 'llm', llm('llminferenceservice-workload', serving('both'))],
  ['LLM, decode', 'llm', llm('llminferenceservice-workload', serving('decode'))],
  ['LLM, prefill', 'llm', llm('llminferenceservice-workload-prefill', serving('prefill'))],
  ['LLM, leader', 'llm', llm('llminferenceservice-workload-leader', serving('both'))],
  [
    'LLM, leader of prefill',
    'llm',
    llm('llminferenceservice-workload-leader-prefill', serving('prefill')),
  ],
  [
    'LLM, worker without a leader',
    'llm',
    llm('llminferenceservice-workload-worker', serving('decode')),
  ],
  ['LLM, tokenizer', 'llm', llm('tokenizer')],
]

/** Pods that must not be checked. */
export const OTHER_PODS: readonly (readonly [title: string, Labels])[] = [
  ['the scheduler of an LLM', llm('llminferenceservice-router-scheduler')],
  ['a worker behind a leader', llm('llminferenceservice-workload-worker')],
  ['the service itself', { 'app.kubernetes.io/name': 'kserve-authz' }],
  [
    "KServe's controller",
    { 'control-plane': 'kserve-controller-manager', 'app.kubernetes.io/name': 'kserve' },
  ],
  ['the activator', { app: 'activator', role: 'activator' }],
  ['the ingress gateway', { istio: 'ingressgateway', app: 'istio-ingressgateway' }],
  ['a pod without labels', {}],
]
