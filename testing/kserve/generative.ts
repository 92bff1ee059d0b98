import { llm } from './llm.ts'
import { WITH_OWN_ROUTE } from './own-routes.ts'
import { metadata, PATHS_ONLY, type Row } from './rows.ts'

const stopped = { annotations: { 'serving.kserve.io/stop': 'true' } }

const member = (name: string, weight: number, more: object = {}) =>
  llm(
    name,
    {
      model: { uri: 'hf://example/model', name: 'shared-model' },
      router: { route: { group: 'shared', weight }, gateway: {} },
    },
    more,
  )

export const GENERATIVE: readonly Row[] = [
  { title: 'a single node with a scheduler', objects: [llm('chat')] },
  { title: 'without a scheduler', objects: [llm('plain', { router: { route: {}, gateway: {} } })] },
  { title: 'without a router', unrouted: true, objects: [llm('bare', { router: undefined })] },
  {
    title: 'without a model name',
    objects: [llm('unnamed', { model: { uri: 'hf://example/m' } })],
  },
  {
    title: 'with slashes in its name',
    objects: [llm('slashes', { model: { uri: 'hf://example/m', name: 'acme/opt-125m' } })],
  },
  {
    title: 'prefill and decode',
    objects: [llm('split', { prefill: { replicas: 1 } })],
  },
  {
    title: 'on several nodes',
    objects: [
      llm('nodes', {
        parallelism: { data: 2, dataLocal: 1, tensor: 1, dataRPCPort: 5555 },
        template: { containers: [{ name: 'main', image: 'example.com/vllm:1' }] },
        worker: { containers: [{ name: 'main', image: 'example.com/vllm:1' }] },
      }),
    ],
  },
  {
    title: 'with LoRA adapters',
    objects: [
      llm('tuned', {
        model: {
          uri: 'hf://example/m',
          name: 'tuned-base',
          lora: {
            adapters: [
              { name: 'sql', uri: 'hf://example/sql' },
              { name: 'acme/law', uri: 'hf://example/law' },
            ],
          },
        },
      }),
    ],
  },
  {
    title: 'from base configurations',
    objects: [
      {
        apiVersion: 'serving.kserve.io/v1alpha2',
        kind: 'LLMInferenceServiceConfig',
        metadata: metadata('team', 'house-style'),
        spec: {
          model: {
            name: 'from-base',
            uri: 'hf://example/base',
            lora: { adapters: [{ name: 'base-adapter', uri: 'hf://example/a' }] },
          },
        },
      },
      llm('derived', {
        baseRefs: [{ name: 'house-style' }],
        model: { uri: 'hf://example/derived' },
      }),
    ],
  },
  {
    title: "with a base configuration in KServe's namespace",
    objects: [
      {
        apiVersion: 'serving.kserve.io/v1alpha2',
        kind: 'LLMInferenceServiceConfig',
        metadata: metadata('kserve', 'for-everybody'),
        spec: { model: { name: 'everybodys', uri: 'hf://example/base' } },
      },
      llm('common', {
        baseRefs: [{ name: 'for-everybody' }],
        model: { uri: 'hf://example/common' },
      }),
    ],
  },
  ...WITH_OWN_ROUTE,
  {
    title: 'a routing group',
    since: '0.20.0',
    objects: [member('blue', 9), member('green', 1), member('grey', 0), member('red', 5, stopped)],
  },
  { title: 'stopped LLM', unrouted: true, objects: [llm('silent', {}, stopped)] },
  {
    title: 'opted out of routes by model',
    objects: [
      llm('paths', {
        model: {
          uri: 'hf://example/m',
          name: 'paths',
          lora: { adapters: [{ name: 'paths-sql', uri: 'hf://example/sql' }] },
        },
        router: { route: {}, gateway: { refs: [PATHS_ONLY] } },
      }),
    ],
  },
  {
    title: 'two services with one model name',
    objects: [
      llm('first', { model: { uri: 'hf://example/m', name: 'contested' } }),
      llm('second', { model: { uri: 'hf://example/m', name: 'contested' } }),
    ],
  },
  {
    title: 'with one name in two namespaces',
    objects: [llm('double'), llm('double', {}, {}, 'other')],
  },
]
