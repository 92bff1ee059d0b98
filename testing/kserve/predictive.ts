import type { Written } from '../cluster/client.ts'
import { metadata, type Row } from './rows.ts'

const CONTAINER = { containers: [{ name: 'kserve-container', image: 'example.com/model:1' }] }

const inferenceService = (
  name: string,
  spec: object = {},
  more: object = {},
  namespace = 'team',
): Written => ({
  apiVersion: 'serving.kserve.io/v1beta1',
  kind: 'InferenceService',
  metadata: metadata(namespace, name, more),
  spec: { predictor: { minReplicas: 1, maxReplicas: 1, ...CONTAINER }, ...spec },
})

const component = { minReplicas: 1, maxReplicas: 1, ...CONTAINER }
const sklearn = {
  minReplicas: 1,
  maxReplicas: 1,
  model: {
    name: 'kserve-container',
    modelFormat: { name: 'sklearn' },
    storageUri: 'gs://example/model',
  },
}

/** InferenceServices and InferenceGraphs, for each kind of routing by KServe. */
export const PREDICTIVE: readonly Row[] = [
  { title: 'a predictor alone', objects: [inferenceService('iris')] },
  {
    title: 'with a transformer',
    objects: [inferenceService('driver', { transformer: component })],
  },
  {
    title: 'with an explainer',
    objects: [inferenceService('income', { explainer: component })],
  },
  {
    title: 'with both',
    objects: [inferenceService('mixed', { transformer: component, explainer: component })],
  },
  {
    title: 'with canaries',
    since: '0.20.0',
    objects: [
      inferenceService('wine', {
        predictor: { ...sklearn, name: 'stable' },
        canary: [
          { predictor: { ...sklearn, name: 'next' }, trafficPercent: 20 },
          { predictor: { ...sklearn, name: 'dark' }, trafficPercent: 0 },
        ],
      }),
    ],
  },
  {
    title: 'inside the cluster only',
    objects: [
      inferenceService(
        'inner',
        {},
        { labels: { 'networking.kserve.io/visibility': 'cluster-local' } },
      ),
    ],
  },
  {
    title: 'with a long name',
    objects: [inferenceService('a-service-whose-name-is-as-long-as-may-be')],
  },
  {
    title: 'with the name that a transformer of another would have',
    objects: [inferenceService('flowers'), inferenceService('flowers-transformer')],
  },
  {
    title: 'with the same name in two namespaces',
    objects: [inferenceService('twin'), inferenceService('twin', {}, {}, 'other')],
  },
  {
    title: 'stopped',
    unrouted: true,
    objects: [
      inferenceService('halted', {}, { annotations: { 'serving.kserve.io/stop': 'true' } }),
    ],
  },
  {
    title: 'a graph',
    objects: [
      {
        apiVersion: 'serving.kserve.io/v1alpha1',
        kind: 'InferenceGraph',
        metadata: metadata('team', 'chain', {
          annotations: { 'serving.kserve.io/deploymentMode': 'Standard' },
        }),
        spec: { nodes: { root: { routerType: 'Sequence', steps: [{ serviceName: 'iris' }] } } },
      },
    ],
  },
]
