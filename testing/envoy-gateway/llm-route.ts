import { listAt, textAt } from '../json.ts'
import { PARENT } from './objects.ts'

const APIS = ['/v1/completions', '/v1/chat/completions'] as const

/**
 * The HTTPRoute that KServe 0.20 makes for an LLMInferenceService with `config-llm-router-route`, for two of its
 * APIs and each of its models. The pool stands for its pods.
 */
export function llmRouteOf(service: unknown) {
  const [namespace, name] = [
    textAt(service, 'metadata', 'namespace'),
    textAt(service, 'metadata', 'name'),
  ]
  const adapters = listAt(service, 'spec', 'model', 'lora', 'adapters')
  const models = [textAt(service, 'spec', 'model', 'name') || name, ...adapters.map(nameIn)].map(
    (model) => `publishers/${namespace}/models/${model}`,
  )
  const pool = {
    group: 'inference.networking.k8s.io',
    kind: 'InferencePool',
    name: `${name}-inference-pool`,
    port: 8_000,
  }
  const workload = { kind: 'Service', name: `${name}-kserve-workload-svc`, port: 8_000 }
  const root = `/${namespace}/${name}`
  const byHeader = (model: string) => [
    { type: 'Exact', name: 'X-Gateway-Model-Name', value: model },
  ]
  return {
    apiVersion: 'gateway.networking.k8s.io/v1',
    kind: 'HTTPRoute',
    metadata: {
      namespace,
      name: `${name}-kserve-route`,
      ownerReferences: [
        {
          apiVersion: 'serving.kserve.io/v1alpha2',
          kind: 'LLMInferenceService',
          name,
          uid: `uid-of-${name}`,
          controller: true,
        },
      ],
    },
    spec: {
      parentRefs: [PARENT],
      rules: [
        ...APIS.map((api) =>
          rule(`v1${api.replaceAll('/', '-')}`, [prefix(root + api)], pool, api),
        ),
        // A rule that replaces a prefix has no other match.
        ...models.flatMap((model, index) => [
          ...APIS.map((api) =>
            rule(
              `publisher-${index}${api.replaceAll('/', '-')}`,
              [prefix(`/${model}${api}`)],
              pool,
              api,
            ),
          ),
          rule(`publisher-${index}`, [prefix(`/${model}`)], workload, '/'),
        ]),
        rule('catch-all', [prefix(root)], workload, '/'),
        rule(
          'model-routing',
          models.flatMap((model) =>
            APIS.map((api) => ({ ...exact(api), headers: byHeader(model) })),
          ),
          pool,
        ),
        rule(
          'model-routing-catch-all',
          models.map((model) => ({ headers: byHeader(model) })),
          workload,
        ),
      ],
    },
  }
}

const nameIn = (adapter: unknown) => textAt(adapter, 'name')
const prefix = (value: string) => ({ path: { type: 'PathPrefix', value } })
const exact = (value: string) => ({ path: { type: 'Exact', value } })

function rule(name: string, matches: readonly object[], backend: object, replaced?: string) {
  const path = { type: 'ReplacePrefixMatch', replacePrefixMatch: replaced }
  const filters = replaced === undefined ? [] : [{ type: 'URLRewrite', urlRewrite: { path } }]
  return { name, matches, filters, backendRefs: [backend] }
}
